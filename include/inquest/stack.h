/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registers, frames and stacks
 *
 * The kernel's stack of a task, from the function that it sleeps in to the kernel's edge, and what
 * the functions on it were called with. Stacks live in the scratch arena, until the next snapshot.
 * That a stack has no frames is no error: why_none says why.
 */
#ifndef INQUEST_STACK_H
#define INQUEST_STACK_H

#include "inquest/error.h"
#include "inquest/sym.h"
#include "inquest/type.h"

struct iq_strbuf;
struct iq_session;
struct iq_task;

/* x86-64's DWARF order for the first 16, then the instruction pointer. */
enum iq_reg {
	IQ_REG_AX,
	IQ_REG_DX,
	IQ_REG_CX,
	IQ_REG_BX,
	IQ_REG_SI,
	IQ_REG_DI,
	IQ_REG_BP,
	IQ_REG_SP,
	IQ_REG_R8,
	IQ_REG_R9,
	IQ_REG_R10,
	IQ_REG_R11,
	IQ_REG_R12,
	IQ_REG_R13,
	IQ_REG_R14,
	IQ_REG_R15,
	IQ_REG_IP,
	IQ_REG_FLAGS,
	IQ_REG_CS,
	IQ_REG_SS,
	IQ_NUM_REGS,
};

struct iq_regs {
	uint64_t r[IQ_NUM_REGS];
	uint32_t known; /* bit (1 << reg): r[reg] is known */
};

enum iq_frame_by { IQ_FRAME_SWITCH, IQ_FRAME_REGS, IQ_FRAME_ORC, IQ_FRAME_FP, IQ_FRAME_SCAN };

struct iq_frame {
	iq_vaddr pc;	     /* address in the function; a return address unless interrupted */
	iq_vaddr sp;	     /* stack pointer in that frame, at that pc */
	iq_vaddr cfa;	     /* its end: the caller's sp after return; 0 where not known */
	struct iq_regs regs; /* what is known of the registers in that frame */
	struct iq_sym sym;   /* sym.name NULL where no symbol covers pc */
	uint64_t offset;     /* pc - sym.addr */
	enum iq_frame_by by; /* which unwinder found this frame */
	bool interrupted;    /* pc is exact: an exception or interrupt stopped it there */
};

struct iq_stack {
	struct iq_frame *frames; /* innermost first */
	size_t num_frames;
	iq_vaddr sp, end; /* used part of the kernel stack: [sp, end) */
	uint64_t *words;  /* its (end - sp) / 8 words, as read; NULL where unreadable */
	size_t num_words;
	struct iq_user_regs {
		bool valid;   /* the task entered the kernel from user mode, and these are its
				 registers */
		bool syscall; /* ... by a system call, nr and args below */
		bool compat;  /* nr and args are those of 32-bit code (i386's table) */
		int64_t nr;
		uint64_t args[6];
		uint64_t ip, sp, bp, flags;
		uint64_t r[IQ_NUM_REGS];
	} user;
	const char *why_none; /* where num_frames is 0: "running", "zombie", "swapped", ...; static
				 text */
	bool unreadable;      /* no frames because memory could not be read, or made no sense */
	bool moved;	      /* no frames because the task ran each time while it was read */
	bool complete;	      /* ended at the kernel's edge, not because something was unreadable */
};

/*
 * Unwind a task's kernel stack. Memory comes from the session's snapshot arena. A task that runs on
 * a CPU of a live machine, or whose stack is gone, has no frames and says why in why_none: that is
 * not an error.
 */
struct iq_error *iq_stack_read(struct iq_session *s, const struct iq_task *task,
			       struct iq_stack *stack_ret);

/*
 * Where the frame's symbol name, without a compiler's suffix (".constprop.0", ".isra.0", ".part.0",
 * ".cold",
 * "__pfx_"), equals name. False where the frame has no symbol.
 */
bool iq_frame_is(const struct iq_frame *frame, const char *name);

/* The index of the innermost frame with one of the names (NULL-terminated), from frame `from` on;
 * -1 if none. */
int iq_stack_find(const struct iq_stack *stack, size_t from, const char *const *names);

/* "orc", "fp", "scan", ... */
const char *iq_frame_by_name(enum iq_frame_by by);

/* ---- the arguments that a function was called with ---- */

enum iq_arg_by {
	IQ_ARG_UNKNOWN,
	IQ_ARG_CALL_SITE, /* what the caller had put into the register before its call */
	IQ_ARG_SAVED,	  /* the function itself still keeps it, in a saved register or a slot */
};

enum { IQ_MAX_ARGS = 12 };

struct iq_frame_args {
	bool has_prototype; /* BTF knows the function: number, names and types are its */
	bool variadic;	    /* there may be more than these */
	unsigned num; /* without a prototype: up to the last one that was recovered, maybe fewer
			 than it takes */
	struct iq_frame_arg {
		const char *name;    /* borrowed; "" where it has none */
		struct iq_type type; /* btf NULL where not known */
		enum iq_arg_by by;
		uint64_t value; /* as wide as its type; of signed ones sign-extended */
	} args[IQ_MAX_ARGS];
};

/*
 * The arguments of frame i, as they were when the function was entered: recovered by following its
 * code and its callers', never guessed (docs/arguments.md). What cannot be proved is
 * IQ_ARG_UNKNOWN. task: whose stack it is, to know `current`; may be NULL.
 */
void iq_frame_args(struct iq_session *s, const struct iq_task *task, const struct iq_stack *stack,
		   size_t i, struct iq_frame_args *args_ret);

/*
 * "ffff888003d42a00, 7ffc1a2b3f10, ?, 3c": hexadecimal without 0x, negative numbers of signed types
 * as -16. With `marks`, names too, and how it was found: "sem=ffff888003d42a00 [call site]".
 */
void iq_frame_args_add(const struct iq_frame_args *args, bool marks, struct iq_strbuf *text);

/* "call site", "saved register", "unknown" */
const char *iq_arg_by_name(enum iq_arg_by by);

#endif
