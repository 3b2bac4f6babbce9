package flow

import (
	"go/types"
	"sort"
)

// UnitTypes are the types that accounted queues of this package carry: the
// type arguments of the queues it names or makes.
func (p *Package) UnitTypes() []types.Type {
	seen := map[string]types.Type{}
	for id, inst := range p.Info.Instances {
		if inst.TypeArgs.Len() == 0 || p.Info.Uses[id] == nil {
			continue
		}
		var of types.Type
		switch t := inst.Type.(type) {
		case *types.Signature: // memacct.NewGate[T](...)
			if t.Results().Len() > 0 {
				of = t.Results().At(0).Type()
			}
		default:
			of = t
		}
		if of == nil || !IsQueue(of) {
			continue
		}
		arg := inst.TypeArgs.At(0)
		if _, open := arg.(*types.TypeParam); !open {
			seen[types.TypeString(arg, nil)] = arg
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	all := make([]types.Type, len(names))
	for i, n := range names {
		all[i] = seen[n]
	}
	return all
}

// IsQueue reports whether t is, or points to, an accounted queue.
func IsQueue(t types.Type) bool {
	pkg, name := named(t)
	return Options.Queues.Has(pkg, name) || Options.Outs.Has(pkg, name)
}

// IsSource reports whether t can be ranged over for units: an accounted queue,
// or the pipeline's In.
func IsSource(t types.Type) bool {
	return IsQueue(t) || IsNamed(t, pipeline, "In")
}

// IsHold reports whether t is, or points to, a right to memory that must be
// given back: a lease, a reservation, or a unit that is being built.
func IsHold(t types.Type) bool {
	return IsNamed(t, memacct, "Lease") || IsNamed(t, memacct, "Reservation") || IsBuilding(t)
}

// IsBuilding reports whether t is, or points to, what charges a unit while it is
// built.
func IsBuilding(t types.Type) bool {
	return IsNamed(t, memacct, "Building") || IsNamed(t, pipeline, "Building")
}
