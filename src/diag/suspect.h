/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of the search for suspects (suspect.c)
 */
#ifndef IQ_DIAG_SUSPECT_H
#define IQ_DIAG_SUSPECT_H

#include "diag/engine.h"
#include "kernel/sleep-on.h"

/* What could be proved to stand at an address, by members that lead there and back. */
enum thing_kind {
	THING_NONE,
	THING_TASK,
	THING_SB,
	THING_INODE,
	THING_DENTRY,
	THING_FILE,
	THING_DISK,
	THING_BDEV,
	THING_QUEUE,
	THING_REQUEST,
	THING_BIO,
	THING_BUFFER,
	THING_PAGE,
};

/* A word on the used part of a task's stack. */
struct mention {
	uint64_t word;
	uint32_t task; /* index in the snapshot */
	uint32_t at;   /* index in its stack's words */
};

struct suspects {
	struct engine *e;
	struct iq_map kinds; /* address -> enum thing_kind */
	struct iq_map sbs;   /* super_block -> 1 */
	bool have_sbs;
	IQ_VEC(struct mention) mentions; /* by word, then task, then place */
	bool indexed;
};

/* Where a suspect was found; the earlier ones are worth more. */
enum tier {
	TIER_STACK,   /* one waits on the other's stack, or was given a place on it */
	TIER_OWNER,   /* a member of the object says who has it */
	TIER_SHARED,  /* both work on the object */
	TIER_OPEN,    /* has it open, or a file that stands behind it */
	TIER_STORAGE, /* the filesystem or the device that the object belongs to */
	TIER_FRAMES,  /* what the functions on the stack work on */
	NUM_TIERS,
};

struct suspect {
	struct iq_object *o;
	enum tier tier;
	const char *how, *evidence; /* in the graph's arena */
};

/* The struct that an address is inside of, as far as an argument on the stack says its type. */
struct container {
	iq_vaddr addr; /* 0: not known */
	struct iq_type type;
	uint64_t size;
};

/* One sleep that no rule knows, and all that was found out about it. */
struct sleep_case {
	struct iq_object *o; /* the task's; its wait is made when it is joined, where it has none */
	bool asleep;	     /* interruptibly: an ordinary sleep, unless who could end it cannot */
	const struct iq_task *task;
	const struct iq_stack *stack;
	struct iq_sleep_on on;
	int frame;	   /* the innermost telling one; -1 */
	const char *where; /* its function; NULL */
	struct container in;
	iq_vaddr from, end; /* the object that `on` is a part of */
	bool known;	    /* ... is known, and not only the word itself */
	const char *what;   /* the object, for a person; NULL */
	IQ_VEC(struct suspect) list;
	bool joined; /* to somebody */
};

/* ---- suspect-things.c ---- */

enum thing_kind thing_kind(struct suspects *x, iq_vaddr addr);
/* The filesystem or the device that it belongs to; NULL: none. */
struct iq_object *thing_storage(struct suspects *x, iq_vaddr addr, enum thing_kind kind);
/* "the inode of /data/x", "a buffer of vda"; in the scratch arena. */
const char *thing_name(struct suspects *x, iq_vaddr addr, enum thing_kind kind);

/*
 * Call fn with each pointer in a struct, embedded ones too, that leads to a struct with a name;
 * until it returns true. member: its path's last name.
 */
typedef bool (*pointer_fn)(void *ctx, iq_vaddr to, const char *type, const char *member);
void each_pointer(struct suspects *x, struct iq_type type, iq_vaddr addr, pointer_fn fn, void *ctx);

/* The member of a struct that offset is in, innermost first; "". */
const char *member_at(struct iq_type type, uint64_t offset);

/* ---- suspect-gather.c ---- */

/* Fill in all of the case but `joined`, from its task. */
void gather_suspects(struct suspects *x, struct sleep_case *c);

/* What a task sleeps on; remembered. */
const struct iq_sleep_on *sleep_of(struct suspects *x, const struct iq_task *task);

/* Everything that finding them adds. Evidence is copied. */
void suspect_add(struct suspects *x, struct sleep_case *c, struct iq_object *o, enum tier tier,
		 const char *how, const char *evidence);
void suspect_add_task(struct suspects *x, struct sleep_case *c, const struct iq_task *task,
		      enum tier tier, const char *how, const char *evidence);

/* ---- suspect-open.c ---- */

/* Who has a thing open that the sleep is about: its file, or a file whose private data it is. what:
 * the thing, in words. */
void find_openers(struct suspects *x, struct sleep_case *c, iq_vaddr thing, const char *what);

/* The object is one of a kind, and points to another of them, which has a file (a lock of a file
 * that stands behind another): who has that file open. */
void find_openers_in_front(struct suspects *x, struct sleep_case *c);

/* ---- suspect-words.c ---- */

/* Say what can be said of those that were joined to nobody. */
void tell_unknown(struct suspects *x, const struct sleep_case *cases, size_t num);

/* ---- suspect-index.c ---- */

/* Call fn with each word of another task's stack that lies in [from, end), until it returns true.
 */
typedef bool (*mention_fn)(void *ctx, const struct iq_task *task, const struct iq_stack *stack,
			   size_t at);
void each_mention(struct suspects *x, iq_vaddr from, iq_vaddr end, mention_fn fn, void *ctx);

/* The function in whose frame a word of a stack is; NULL: in none that has a name. */
const char *function_at(const struct iq_stack *stack, size_t at);

/* The innermost frame whose function says for what a task sleeps; -1: none. */
int telling_frame(const struct iq_stack *stack);

#endif
