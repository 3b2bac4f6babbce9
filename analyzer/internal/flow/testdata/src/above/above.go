package above // want `helpers of crashes are not seen through: .* crash on purpose`

import "crashes"

var _ = crashes.Slurp
