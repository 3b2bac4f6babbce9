package a

import "io"

//memvet:firststage
func used(r io.Reader) {
	//memvet:ignore wholeread it is capped by the server
	b, _ := io.ReadAll(r)
	use(b)
	c, _ := io.ReadAll(r) //memvet:ignore wholeread the same, at the end of the line
	use(c)
}

//memvet:firststage
func wrong(r io.Reader) {
	//memvet:ignore wholeread // want `gives no reason`
	b, _ := io.ReadAll(r)
	use(b)
	//memvet:ignore // want `names no check`
	//memvet:ignore everything because // want `names "everything", which is no check`
	//memvet:ignor wholeread typo // want `unknown verb "ignor"`
	//memvet:ignore wholeread nothing is read on the next line // want `silences nothing here`
	use(nil)
	//memvet:firststage // want `marks nothing`
	use(nil)
}

//memvet:notfirststage // want `gives no reason`
func not(r io.Reader) {}

func use([]byte) {}
