// Package flow knows what the functions of one package do with streams: which
// they read whole, which are bounded, whether a place runs once or once per
// item, and which functions are first stages. The checks ask it; none walks
// the syntax for such things itself.
//
// It works on syntax and types, without SSA: the tool also runs on every
// dependency, where only the facts are wanted, and building SSA there would
// cost several times what go vet costs. The price is that a variable's value
// is the latest assignment above the use, whatever the branches are. For a
// tool that prefers silence to a false alarm that is the right error: a
// variable bounded on one branch counts as bounded.
//
// What a function does with its parameters is remembered as a fact
// ([Summary]), so helpers in other packages and modules are seen through.
package flow
