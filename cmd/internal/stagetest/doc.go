// Package stagetest runs the standard stages of pipeline/stages over real stores. It is here and not beside them, for
// the module that they are in must not require the drivers of databases.
package stagetest
