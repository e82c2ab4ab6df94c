#include "textflag.h"

#define CLONE_VM_VFORK_SIGCHLD 0x4111 // clone(2): CLONE_VM 0x100, CLONE_VFORK 0x4000, SIGCHLD 17
#define SYS_clone 56

// func vfork() (pid uintptr, errno syscall.Errno)
TEXT ·vfork(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ $CLONE_VM_VFORK_SIGCHLD, DI
	XORL SI, SI
	XORL DX, DX
	XORL R10, R10
	XORL R8, R8
	XORL R9, R9
	MOVL $SYS_clone, AX
	// The child returns first, and then uses the place of our return address for other calls: it is kept in a
	// register, of which each thread has its own.
	POPQ R12
	SYSCALL
	PUSHQ R12
	CMPQ AX, $-4095
	JCC  failed
	MOVQ AX, pid+0(FP)
	MOVQ $0, errno+8(FP)
	RET

failed:
	NEGQ AX
	MOVQ $0, pid+0(FP)
	MOVQ AX, errno+8(FP)
	RET
