// Package plot draws charts as SVG that stands inside a page of HTML: no script, no font and no colour of its own. Series
// have classes, s0 and so on, which the page colours, and what a reader may point at has a title.
//
// Text keeps its size only where a drawing is as wide as it is shown, so a page draws each chart as wide as its screens are.
package plot
