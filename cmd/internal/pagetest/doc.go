// Package pagetest looks at the page of memacct/debugpage in a real browser. It is here and not beside the page, for
// the module that the page is in must not require what drives a browser.
package pagetest
