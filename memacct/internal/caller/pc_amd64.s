#include "textflag.h"

// A frame begins with the frame pointer of the one before; the return address is the word above.
TEXT ·PC(SB), NOSPLIT, $0-8
	MOVQ 8(BP), AX
	MOVQ AX, ret+0(FP)
	RET
