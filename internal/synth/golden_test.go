package synth

// golden holds the sums of TestUnitsStayTheSame.
var golden = map[string]string{
	"file-flat,units=1000":                       "ea8c40130e0b0492",
	"deb-index,units=1000":                       "799a8367678f0104",
	"npm-packument,units=1000":                   "c2ea64739d5b4ad1",
	"rpm-mixed,units=1000":                       "9506754d4fcb48cf",
	"rpm-evil,units=10,names=5,seed=9":           "78452847abda9a10",
	"rpm-one-giant,units=9,giant=1MiB,seed=3":    "3f8b373c66e36314",
	"ansible,units=3,versions=2":                 "ad93f249ce10ff09",
	"container-dag,units=300":                    "7b185085b5b2117d",
	"rpm-modular,units=300,modules=9":            "8263419b227c22ed",
	"rpm-mixed,units=300,versions=3,seed=184467": "302fbd42686cf429",
}
