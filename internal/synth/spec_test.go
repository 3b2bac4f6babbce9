package synth

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParse(t *testing.T) {
	s, err := Parse("rpm-mixed,units=20000,seed=7,sink=20ms,pin=true,order=giants-first")
	require.NoError(t, err)
	require.Equal(t, Spec{
		Source: "rpm-mixed", Count: 20_000, Seed: 7, Order: GiantsFirst, Sink: 20 * time.Millisecond, Pin: true,
		Versions: 8, Files: 200_000,
	}, s)

	for text, want := range map[string]string{
		"rpm-evil,names=6,versions=50":                  "rpm-evil,units=300,seed=1,names=6,versions=50,files=100000,order=natural,sink=0s,pin=false",
		"rpm-evil,units=401":                            "rpm-evil,units=401,seed=1,names=3,versions=200,files=100000,order=natural,sink=0s,pin=false",
		"ansible,units=7":                               "ansible,units=7,seed=1,names=1,versions=150,fanout=100,order=natural,sink=0s,pin=false",
		"rpm-one-giant,units=100":                       "rpm-one-giant,units=100,seed=1,versions=8,files=200000,giant=96MiB,at=50,order=natural,sink=0s,pin=false",
		"rpm-one-giant, units=3, at=0, giant=1536KiB  ": "rpm-one-giant,units=3,seed=1,versions=8,files=200000,giant=1536KiB,at=0,order=natural,sink=0s,pin=false",
	} {
		s, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, s.String())
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    `synth: no source ""; sources: file-flat, deb-index, npm-packument, rpm-mixed, rpm-evil, rpm-one-giant, rpm-modular, ansible, container-dag`,
		"rpm-mixd":                            `no source "rpm-mixd" (did you mean "rpm-mixed"?); sources: file-flat,`,
		"rpm-mixed,unit=3":                    `synth:rpm-mixed has no key "unit" (did you mean "units"?); keys: units, seed, versions, files, order, sink, pin`,
		"rpm-mixed,giant=1MiB":                `synth:rpm-mixed has no key "giant"; keys:`,
		"rpm-mixed,units":                     `"units" is not key=value`,
		"rpm-mixed,":                          `"" is not key=value`,
		"rpm-mixed,units=0":                   "synth:rpm-mixed: units=0: want a whole number from 1 to 1073741824",
		"rpm-mixed,units=-1":                  "want a whole number from 1",
		"rpm-mixed,units=20k":                 "want a whole number from 1",
		"rpm-mixed,units=1,units=2":           "units is given twice",
		"rpm-mixed,seed=x":                    "want a whole number from 0 to 18446744073709551615",
		"rpm-mixed,sink=20":                   "want a duration that is not negative, such as 20ms",
		"rpm-mixed,sink=-1s":                  "want a duration that is not negative",
		"rpm-mixed,pin=yes":                   "want true or false",
		"rpm-mixed,order=giant-first":         `no such order (did you mean "giants-first"?); want one of natural, shuffled,`,
		"rpm-one-giant,giant=96":              "want a whole number with its unit, such as 96MiB",
		"rpm-one-giant,giant=0MiB":            "want a whole number with its unit",
		"rpm-one-giant,giant=200GiB":          "want at most 128GiB",
		"rpm-one-giant,units=9,at=9":          "at=9 lies behind the last of units=9; want 0 to 8",
		"container-dag,order=shuffled":        `synth:container-dag has no key "order"`,
		"rpm-modular,units=9,modules=9":       "modules=9 leave no package of units=9",
		"ansible,fanout=0":                    "want a whole number from 1 to",
		"rpm-evil,units=9,names=2,versions=3": "units=9 are more than names=2 with versions=3 each",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

// Text -> Spec -> text -> Spec is the same Spec, for every key of every source.
func TestStringRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SampledFrom(sources).Draw(t, "source")
		text := src.name
		for _, key := range src.keys {
			value := map[string]*rapid.Generator[string]{
				"order": rapid.Map(rapid.SampledFrom(orders), func(o Order) string { return string(o) }),
				"sink":  rapid.Map(rapid.Int64Min(0), func(n int64) string { return time.Duration(n).String() }),
				"pin":   rapid.SampledFrom([]string{"true", "false"}),
				"giant": rapid.Map(rapid.Int64Range(1, maxGiant), formatBytes),
				"seed":  rapid.Map(rapid.Uint64(), func(n uint64) string { return fmt.Sprint(n) }),
			}[key]
			if value == nil {
				value = rapid.Map(rapid.IntRange(1, maxCount), func(n int) string { return fmt.Sprint(n) })
			}
			if rapid.Bool().Draw(t, "give "+key) {
				text += "," + key + "=" + value.Draw(t, key)
			}
		}
		s, err := Parse(text)
		if err != nil {
			require.Regexp(t, "lies behind|are more than|leave no package", err.Error())
			return
		}
		again, err := Parse(s.String())
		require.NoError(t, err, s.String())
		require.Equal(t, s, again)
		require.Equal(t, s.String(), again.String())
	})
}

func FuzzParse(f *testing.F) {
	f.Add("rpm-mixed,units=20000,seed=7,sink=20ms,pin=true,order=giants-first")
	f.Add("rpm-one-giant,giant=1MiB,at=3")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			require.Zero(t, s)
			return
		}
		again, err := Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

func TestHelpNamesEverything(t *testing.T) {
	help := Help()
	for _, src := range sources {
		require.Contains(t, help, src.name)
	}
	for _, key := range allKeys {
		require.Contains(t, help, key+"=")
		require.NotEmpty(t, params[key].doc)
	}
	require.NotContains(t, help, "%!")
	require.Equal(t, len(params), len(allKeys))
	require.True(t, strings.HasSuffix(help, "\n"))
}
