/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inside of one look
 */
#ifndef IQ_DIAG_ENGINE_H
#define IQ_DIAG_ENGINE_H

#include "diag/diag.h"
#include "diag/history.h"

/* A rule that a function's name calls up. */
struct rule_ref {
	const struct iq_module *module;
	const struct iq_wait_rule *rule;
	const char *missing; /* the rule is idle: this kernel lacks that type */
	struct rule_ref *next;
};

struct engine {
	struct iq_diag d; /* first: rooms get a pointer to it */
	const struct iq_why_options *options;
	struct iq_strmap rules; /* function name -> struct rule_ref * */
	struct iq_map rules_at; /* symbol address -> struct rule_ref * (0: none) */
	struct iq_arena *arena; /* the rules' tables; lives as long as the engine */
	/* Of the session's, by name: all, and those that are not idle. */
	IQ_VEC(const struct iq_module *) rooms, modules;
	/* Of those that are not idle, in the order in which they are asked. */
	IQ_VEC(const struct iq_object_rule *) object_rules;
	IQ_VEC(const struct iq_lock_namer *) lock_namers;
	IQ_VEC(const struct iq_holder_rule *) holder_rules;
	unsigned rooms_changes; /* of the session's list, as it was then */
	iq_texts notes;
	struct iq_map lock_names; /* lock -> struct iq_lock_name *, in the graph's arena */
	struct holders *holders;  /* holders.c; NULL until somebody asks */
	struct iq_map
		memo; /* iq_diag_remember(): hash of kind and key -> struct memo *, of this look */
	struct iq_map explained; /* task address -> 1: the wait rules have been asked */
	struct history history;	 /* of all looks of this run */
	uint64_t now_ns;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none */
	size_t num_unexplained, num_inconsistent;
	size_t num_no_stack;	       /* whose stack could not be read */
	struct iq_strbuf no_stack;     /* the first of them */
	struct iq_strbuf why_no_stack; /* of the very first */
	unsigned nested;	       /* waits that are being explained for the sake of others */
	bool incomplete;
};

static inline struct engine *engine_of(struct iq_diag *d)
{
	return (struct engine *)d;
}

void iq_engine_init(struct engine *e, struct iq_session *s, const struct iq_why_options *options);
void iq_engine_deinit(struct engine *e);

/* Fill in and free the lists of rooms and rules (rules.c). */
void iq_rules_init(struct engine *e);
void iq_rules_deinit(struct engine *e);
/* The wait rules that this frame's function calls up, in the order in which they are asked. */
struct rule_ref *iq_rules_of(struct engine *e, const struct iq_frame *frame);

/* One look: a new snapshot and a new graph in e->d. */
struct iq_error *iq_engine_look(struct engine *e);

/* Ask the wait rules about a task; remembers. Its wait, or NULL where it does not wait for
 * anything. */
struct iq_wait *iq_engine_explain(struct engine *e, const struct iq_task *task);

/* Is its time used up, or has the user asked us to stop? */
bool iq_engine_expired(const struct engine *e);

/* Ask the object rules about all objects that have not been asked about, until there is nothing
 * new.
 */
void iq_engine_follow(struct engine *e);

/* Find out who may be to blame for the waits that no rule knows (suspect.c). */
void iq_engine_suspect(struct engine *e);

/* What the rows say in this look is forgotten before the next. Both take NULL. */
void iq_holders_forget(struct holders *h);
void iq_holders_free(struct holders *h);

/* The name of a frame's function without a compiler's suffix; false where it has none that fits. */
bool iq_engine_function_name(const struct iq_frame *frame, char *name, size_t size);

/* Was `why` called with this task's number, or its process's? */
bool iq_engine_is_asked_for(const struct engine *e, const struct iq_task *task);

/* Put into words what the tasks asked for, and those of the causes, want of the kernel. */
void iq_engine_tell_sleeps(struct engine *e, const struct iq_causes *causes);

/* Notes on stopped processes that others may miss, and that are in none of the causes. */
void iq_engine_tell_stopped(struct engine *e, const struct iq_causes *causes);

#endif
