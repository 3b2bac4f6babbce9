package text

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Alignment says on which side of its column a cell stands.
type Alignment uint

// The sides.
const (
	Left  Alignment = 0
	Right Alignment = Alignment(tabwriter.AlignRight)
)

// Table returns the rows as lines with aligned columns, two spaces apart, and without spaces at their ends.
func Table(rows [][]string, side Alignment) (lines []string) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', uint(side))
	for _, cells := range rows {
		row := strings.Join(cells, "\t")
		if side == Right { // what stands to the right must end with a tab
			row += "\t"
		}
		fmt.Fprintln(w, row)
	}
	_ = w.Flush() // to a string
	for line := range strings.Lines(b.String()) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return lines
}

// Wrap breaks text between words into lines of so many bytes; a word that is longer has a line of its own.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
