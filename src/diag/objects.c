/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What rooms build graphs with: the objects that more than one room talks
 * about, made the same way whoever asks first, with the fields that the report
 * promises.
 */
#include <stdio.h>

#include "diag/engine.h"

void iq_diag_note(struct iq_diag *d, const char *fmt, ...)
{
	struct engine *e = engine_of(d);
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < e->notes.num; i++)
		if (!strcmp(e->notes.data[i], text))
			return;
	iq_text_add(d->g, &e->notes, "%s", text);
}

void iq_diag_note_error(struct iq_diag *d, struct iq_error *err, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	engine_of(d)->num_inconsistent += err->code == IQ_ERR_CORRUPT;
	iq_diag_note(d, "%s: %s", what, iq_error_text(err));
	iq_error_free(err);
}

struct memo {
	const void *kind;
	uint64_t key;
	void *value;
	struct memo *next; /* of the same hash */
};

static uint64_t memo_hash(const void *kind, uint64_t key)
{
	return iq_hash_u64(key ^ iq_hash_u64((uintptr_t)kind));
}

static struct memo *find_memo(const struct iq_diag *d, const void *kind, uint64_t key)
{
	const struct engine *e = (const struct engine *)d;
	uint64_t *first = iq_map_get(&e->memo, memo_hash(kind, key));
	struct memo *m = first ? (struct memo *)(uintptr_t)*first : NULL;

	while (m && (m->kind != kind || m->key != key))
		m = m->next;
	return m;
}

void iq_diag_remember(struct iq_diag *d, const void *kind, uint64_t key, void *value)
{
	struct memo *m = find_memo(d, kind, key);
	uint64_t hash = memo_hash(kind, key), *first;

	if (!m) {
		first = iq_map_get(&engine_of(d)->memo, hash);
		m = iq_arena_alloc(d->g->arena, sizeof(*m));
		*m = (struct memo){ .kind = kind,
				    .key = key,
				    .next = first ? (struct memo *)(uintptr_t)*first : NULL };
		iq_map_set(&engine_of(d)->memo, hash, (uintptr_t)m);
	}
	m->value = value;
}

void *iq_diag_recall(const struct iq_diag *d, const void *kind, uint64_t key)
{
	struct memo *m = find_memo(d, kind, key);

	return m ? m->value : NULL;
}

struct iq_object *iq_diag_task(struct iq_diag *d, const struct iq_task *task)
{
	struct iq_object *o = iq_graph_task(d->g, task->pid);

	if (o->name)
		return o;
	o->pid = task->tgid;
	o->kthread = task->kthread;
	o->state = task->state;
	o->addr = task->addr;
	iq_object_name(d->g, o, "%s", task->comm);
	iq_object_str(d->g, o, "comm", task->comm);
	if (task->uid_known)
		iq_object_int(d->g, o, "uid", task->uid);
	else
		iq_object_null(d->g, o, "uid");
	iq_object_null(d->g, o, "container");
	return o;
}

struct iq_object *iq_diag_task_gone(struct iq_diag *d, int32_t tid, int32_t pid)
{
	struct iq_object *o = iq_graph_task(d->g, tid);

	if (o->name)
		return o;
	o->pid = pid;
	iq_object_name(d->g, o, "a task that has ended");
	iq_object_null(d->g, o, "comm");
	iq_object_null(d->g, o, "uid");
	iq_object_null(d->g, o, "container");
	return o;
}

static bool identify(struct iq_diag *d, iq_vaddr addr, const char *lock_type,
		     const struct iq_sleeper *waiter, struct iq_lock_name *name)
{
	struct engine *e = engine_of(d);

	iq_vec_foreach(&e->lock_namers, namer)
		if ((*namer)->identify(d, addr, lock_type, waiter, name))
			return true;
	return false;
}

struct iq_object *iq_diag_lock(struct iq_diag *d, iq_vaddr addr, const char *cls,
			       const char *lock_type, const struct iq_sleeper *waiter,
			       struct iq_lock_name *name_ret)
{
	struct iq_object *o = iq_graph_object(d->g, IQ_OBJ_LOCK, "lock:%#" PRIx64, addr);
	uint64_t *known = iq_map_get(&engine_of(d)->lock_names, addr);
	struct iq_lock_name *name = known ? (struct iq_lock_name *)(uintptr_t)*known : NULL;

	/* A thousand tasks behind one lock ask once. */
	if (!name) {
		name = iq_arena_alloc(d->g->arena, sizeof(*name));
		if (!identify(d, addr, lock_type, waiter, name)) {
			name->certainty = IQ_LIKELY;
			name->name = iq_arena_printf(iq_scratch(d->s), "%s %s", cls,
						     iq_describe_addr(d->s, addr));
		}
		o->addr = addr;
		iq_object_str(d->g, o, "class", cls);
		iq_object_name(d->g, o, "%s", name->name);
		iq_map_set(&engine_of(d)->lock_names, addr, (uintptr_t)name);
	}
	if (name_ret)
		*name_ret = *name;
	return o;
}

static void fill_syscall(struct iq_diag *d, const struct iq_stack *stack, struct iq_wait *w)
{
	if (!stack->user.valid || !stack->user.syscall)
		return;
	w->syscall.known = true;
	w->syscall.nr = stack->user.nr;
	w->syscall.name = iq_syscall_name(d->s, stack->user.nr);
	memcpy(w->syscall.args, stack->user.args, sizeof(w->syscall.args));
	w->syscall.num_args = iq_syscall_num_args(d->s, stack->user.nr);
}

enum { PF_EXITING = 4, SIGKILL_BIT = 1 << (9 - 1) };

/* Who is exiting gets no more signals (wants_signal() in kernel/signal.c). */
static bool is_doomed(struct iq_diag *d, const struct iq_task *t)
{
	uint64_t pending;

	return !t->kthread && ((t->flags & PF_EXITING) ||
			       (iq_peek_member(d->s, "struct task_struct", "pending.signal.sig[0]",
					       t->addr, &pending) &&
				(pending & SIGKILL_BIT)));
}

/* Does SIGKILL wake it? Process 1 is not sent any. */
static bool wakes_for_sigkill(const struct iq_task *t)
{
	return !t->kthread && t->tgid != 1 &&
	       (t->killable || t->state == 'S' || t->state == 'T' || t->state == 't');
}

struct iq_wait *iq_diag_wait(const struct iq_sleeper *who, struct iq_object *on,
			     enum iq_wait_class cls)
{
	struct iq_diag *d = who->d;
	const struct iq_task *task = who->task;
	const struct iq_stack *stack = who->stack;
	struct iq_wait *w = iq_graph_wait(d->g, iq_diag_task(d, task), on, cls);

	if (w->stack.num || w->state)
		return w;
	w->state = task->state;
	/* A frozen task is no victim of what it was waiting for. */
	w->uninterruptible = task->state == 'D' && !task->frozen;
	w->doomed = is_doomed(d, task);
	w->killable = wakes_for_sigkill(task) && !w->doomed;
	w->certainty = IQ_PROVEN;
	w->waited_ms = task->idle_ns < 0 ? -1 : task->idle_ns / 1000000;
	/* Where the time cannot be known the state alone counts, of a dump; live, two looks decide.
	 */
	w->lasting = w->waited_ms < 0 || w->waited_ms > engine_of(d)->options->longer_than_ms;
	fill_syscall(d, stack, w);
	for (size_t i = 0; i < stack->num_frames; i++) {
		const struct iq_frame *f = &stack->frames[i];

		iq_vec_push(&w->stack,
			    (struct iq_frame_text){
				    .function = f->sym.name
							? iq_arena_strdup(d->g->arena, f->sym.name)
							: NULL,
				    .module = f->sym.module
						      ? iq_arena_strdup(d->g->arena, f->sym.module)
						      : NULL,
				    .offset = f->offset,
				    .address = f->pc });
	}
	return w;
}

/* ---- filesystems and devices ---- */

struct shadow_sb {
	uint64_t has;
	uint64_t dev, type, frozen, bdev;
	char id[32];
};

IQ_SHADOW(sb_desc, "struct super_block", shadow_sb, IQ_FIELD(shadow_sb, dev, "s_dev"),
	  IQ_FIELD(shadow_sb, type, "s_type"), IQ_FIELD_OPT(shadow_sb, frozen, "s_writers.frozen"),
	  IQ_FIELD_OPT(shadow_sb, bdev, "s_bdev"), IQ_FIELD_COPY(shadow_sb, id, "s_id"));

enum { MINOR_BITS = 20, SB_FREEZE_COMPLETE = 4 };

struct iq_object *iq_diag_filesystem(struct iq_diag *d, iq_vaddr sb)
{
	struct iq_mount_info mount = { 0 };
	bool elsewhere = false, has_device;
	struct shadow_sb shadow;
	const char *device;
	struct iq_object *o;
	struct iq_error *err;
	char fstype[32] = "";
	uint64_t name;

	err = iq_shadow_read(d->s, &sb_desc, sb, &shadow);
	if (err) {
		iq_error_free(err);
		return NULL;
	}
	o = iq_graph_object(d->g, IQ_OBJ_FILESYSTEM, "fs:%u:%u",
			    (unsigned)(shadow.dev >> MINOR_BITS),
			    (unsigned)(shadow.dev & ((1 << MINOR_BITS) - 1)));
	if (o->addr)
		return o;
	o->addr = sb;
	if (iq_peek_member(d->s, "struct file_system_type", "name", shadow.type, &name))
		iq_error_free(iq_read_str(d->s, name, fstype, sizeof(fstype)));
	iq_object_str(d->g, o, "fstype", fstype[0] ? fstype : NULL);
	if (iq_mount_of_sb(d->s, sb, &mount)) {
		iq_object_str(d->g, o, "device", mount.device);
		iq_object_str(d->g, o, "mount", mount.path);
	} else {
		elsewhere = iq_mount_elsewhere(d->s, sb, &mount);
		shadow.id[sizeof(shadow.id) - 1] = '\0';
		iq_object_str(d->g, o, "device", shadow.bdev ? shadow.id : NULL);
		iq_object_str(d->g, o, "mount", NULL);
	}
	iq_object_bool(d->g, o, "frozen", shadow.frozen == SB_FREEZE_COMPLETE);
	iq_object_null(d->g, o, "used_pct");
	device = mount.device ? mount.device : shadow.id;
	/* What is on nothing else repeats its kind. */
	has_device = *device && strcmp(device, fstype) && strcmp(device, "none");
	iq_object_name(d->g, o, "%s%s%s%s%s%s", fstype[0] ? fstype : "a filesystem",
		       has_device ? " on " : "", has_device ? device : "",
		       mount.path ? ", mounted at " : "", mount.path ? mount.path : "",
		       mount.path && elsewhere ? " in another mount namespace" : "");
	return o;
}

struct iq_object *iq_diag_device(struct iq_diag *d, uint32_t dev, const char *name)
{
	struct iq_object *o;

	if (name)
		o = iq_graph_object(d->g, IQ_OBJ_DEVICE, "dev:%s", name);
	else
		o = iq_graph_object(d->g, IQ_OBJ_DEVICE, "dev:%u:%u", dev >> MINOR_BITS,
				    dev & ((1 << MINOR_BITS) - 1));
	if (o->aux)
		return o;
	o->aux = 1;
	iq_object_name(d->g, o, "%s", name ? name : "a block device");
	iq_object_null(d->g, o, "driver");
	iq_object_null(d->g, o, "inflight");
	iq_object_null(d->g, o, "oldest_ms");
	return o;
}
