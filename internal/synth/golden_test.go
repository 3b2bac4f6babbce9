package synth

// golden holds the sums of TestUnitsStayTheSame.
var golden = map[string]string{
	"file-flat,units=1000":                       "ea8c40130e0b0492",
	"deb-index,units=1000":                       "5877d117cae6e391",
	"rpm-mixed,units=1000":                       "18c60dbf04935554",
	"rpm-evil,units=10,names=5,seed=9":           "642eeaa72fb82fcc",
	"rpm-one-giant,units=9,giant=1MiB,seed=3":    "b1ac7a5300e37000",
	"rpm-mixed,units=300,versions=3,seed=184467": "f5e7e967a83a49ef",
}
