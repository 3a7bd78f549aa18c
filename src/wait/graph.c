/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wait-for graph: building it
 *
 * Objects, edges and texts live in the arena; vectors are malloc()ed, so that
 * rules may push to them, and are freed with the graph. An edge is found again
 * by a hash of its three ends, because a lock can have thousands of them.
 */
#include <assert.h>
#include <stdio.h>

#include "wait/graph.h"

struct iq_graph *iq_graph_new(void)
{
	struct graph *gr = iq_xcalloc(1, sizeof(*gr));

	gr->pub.arena = iq_arena_new();
	gr->answers = iq_xcalloc(1, sizeof(*gr->answers));
	return &gr->pub;
}

static void verdict_deinit(struct iq_verdict *v)
{
	iq_vec_free(&v->evidence);
	iq_vec_free(&v->remedy);
}

void cause_deinit(struct iq_cause *cause)
{
	iq_vec_free(&cause->blocked);
	iq_vec_free(&cause->chain);
	iq_vec_free(&cause->chain_edges);
	iq_vec_free(&cause->evidence);
	iq_vec_free(&cause->remedy);
}

void iq_causes_remove(struct iq_causes *causes, size_t i)
{
	cause_deinit(causes->list.data[i]);
	causes->list.num--;
	memmove(causes->list.data + i, causes->list.data + i + 1,
		(causes->list.num - i) * sizeof(*causes->list.data));
}

void iq_graph_free(struct iq_graph *g)
{
	struct graph *gr = (struct graph *)g;

	if (!g)
		return;
	iq_vec_foreach(&g->objects, o) {
		iq_vec_free(&(*o)->attrs);
		iq_vec_free(&(*o)->out);
		iq_vec_free(&(*o)->remedy);
		if ((*o)->verdict)
			verdict_deinit((*o)->verdict);
	}
	iq_vec_foreach(&g->waits, w) {
		iq_vec_free(&(*w)->evidence);
		iq_vec_free(&(*w)->stack);
		iq_vec_free(&(*w)->watches);
	}
	iq_vec_foreach(&g->edges, e)
		iq_vec_free(&(*e)->evidence);
	iq_vec_foreach(gr->answers, causes) {
		iq_vec_foreach(&(*causes)->list, cause)
			cause_deinit(*cause);
		iq_vec_free(&(*causes)->list);
	}
	iq_vec_free(gr->answers);
	free(gr->answers);
	view_deinit(&gr->view);
	iq_vec_free(&g->objects);
	iq_vec_free(&g->waits);
	iq_vec_free(&g->edges);
	iq_strmap_deinit(&g->by_id);
	iq_map_deinit(&gr->edge_by_hash);
	iq_arena_free(g->arena);
	free(gr);
}

static struct iq_object *object_by_id(struct iq_graph *g, enum iq_object_type type, const char *id)
{
	struct iq_object *o = iq_strmap_get(&g->by_id, id);

	if (o) {
		assert(o->type == type);
		return o;
	}
	o = iq_arena_alloc(g->arena, sizeof(*o));
	o->type = type;
	o->index = (uint32_t)g->objects.num;
	o->id = id;
	iq_vec_push(&g->objects, o);
	iq_strmap_set(&g->by_id, id, o);
	return o;
}

struct iq_object *iq_graph_object(struct iq_graph *g, enum iq_object_type type, const char *id_fmt,
				  ...)
{
	va_list ap;
	char *id;

	assert(type != IQ_OBJ_TASK); /* iq_graph_task() */
	va_start(ap, id_fmt);
	id = iq_arena_vprintf(g->arena, id_fmt, ap);
	va_end(ap);
	return object_by_id(g, type, id);
}

struct iq_object *iq_graph_task(struct iq_graph *g, int64_t tid)
{
	struct iq_object *o =
		object_by_id(g, IQ_OBJ_TASK, iq_arena_printf(g->arena, "task:%" PRId64, tid));

	o->tid = tid;
	return o;
}

struct iq_object *iq_graph_find(const struct iq_graph *g, const char *id)
{
	return iq_strmap_get(&g->by_id, id);
}

void iq_object_name(struct iq_graph *g, struct iq_object *o, const char *fmt, ...)
{
	va_list ap;

	if (o->name)
		return;
	va_start(ap, fmt);
	o->name = iq_arena_vprintf(g->arena, fmt, ap);
	va_end(ap);
}

static struct iq_attr *attr_set(struct iq_graph *g, struct iq_object *o, const char *key)
{
	iq_vec_foreach(&o->attrs, attr) {
		if (!strcmp(attr->key, key)) {
			*attr = (struct iq_attr){ .key = attr->key };
			return attr;
		}
	}
	return iq_vec_push(&o->attrs, (struct iq_attr){ .key = iq_arena_strdup(g->arena, key) });
}

void iq_object_str(struct iq_graph *g, struct iq_object *o, const char *key, const char *value)
{
	struct iq_attr *attr = attr_set(g, o, key);

	if (!value)
		return;
	attr->kind = IQ_ATTR_STR;
	attr->str = iq_arena_strdup(g->arena, value);
}

void iq_object_int(struct iq_graph *g, struct iq_object *o, const char *key, int64_t value)
{
	struct iq_attr *attr = attr_set(g, o, key);

	attr->kind = IQ_ATTR_INT;
	attr->num = value;
}

void iq_object_bool(struct iq_graph *g, struct iq_object *o, const char *key, bool value)
{
	struct iq_attr *attr = attr_set(g, o, key);

	attr->kind = IQ_ATTR_BOOL;
	attr->num = value;
}

void iq_object_real(struct iq_graph *g, struct iq_object *o, const char *key, double value)
{
	struct iq_attr *attr = attr_set(g, o, key);

	attr->kind = IQ_ATTR_REAL;
	attr->real = value;
}

void iq_object_null(struct iq_graph *g, struct iq_object *o, const char *key)
{
	attr_set(g, o, key);
}

const struct iq_attr *iq_object_attr(const struct iq_object *o, const char *key)
{
	iq_vec_foreach(&o->attrs, attr)
		if (!strcmp(attr->key, key))
			return attr;
	return NULL;
}

const char *iq_device_name(const struct iq_object *device)
{
	const char *colon = strchr(device->id, ':');

	assert(device->type == IQ_OBJ_DEVICE && colon);
	return colon + 1;
}

struct iq_verdict *iq_object_verdict(struct iq_graph *g, struct iq_object *o,
				     enum iq_cause_kind kind, enum iq_certainty certainty,
				     const char *summary_fmt, ...)
{
	struct iq_verdict *v = o->verdict;
	va_list ap;

	if (v && v->kind != IQ_CAUSE_UNKNOWN &&
	    (v->certainty >= certainty || kind == IQ_CAUSE_UNKNOWN))
		return NULL;
	if (v)
		verdict_deinit(v);
	else
		v = o->verdict = iq_arena_alloc(g->arena, sizeof(*v));
	*v = (struct iq_verdict){ .kind = kind, .certainty = certainty };
	va_start(ap, summary_fmt);
	v->summary = iq_arena_vprintf(g->arena, summary_fmt, ap);
	va_end(ap);
	return v;
}

void iq_text_add(const struct iq_graph *g, iq_texts *texts, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = iq_arena_vprintf(g->arena, fmt, ap);
	va_end(ap);
	iq_vec_foreach(texts, have)
		if (!strcmp(*have, text))
			return;
	iq_vec_push(texts, text);
}

void iq_remedy_add(const struct iq_graph *g, iq_remedies *list, enum iq_risk risk,
		   const char *command, const char *fmt, ...)
{
	struct iq_remedy r = { .risk = risk };
	va_list ap;

	va_start(ap, fmt);
	r.text = iq_arena_vprintf(g->arena, fmt, ap);
	va_end(ap);
	iq_vec_foreach(list, have)
		if (!strcmp(have->text, r.text))
			return;
	r.command = command ? iq_arena_strdup(g->arena, command) : NULL;
	iq_vec_push(list, r);
}

struct iq_wait *iq_graph_wait(struct iq_graph *g, struct iq_object *task, struct iq_object *on,
			      enum iq_wait_class cls)
{
	struct iq_wait *w = task->wait;

	assert(task->type == IQ_OBJ_TASK && on);
	if (!w) {
		w = task->wait = iq_arena_alloc(g->arena, sizeof(*w));
		w->task = task;
		w->waited_ms = -1;
		iq_vec_push(&g->waits, w);
	}
	w->on = on;
	w->cls = cls;
	return w;
}

static uint64_t edge_hash(const struct iq_object *from, const struct iq_object *to,
			  const struct iq_object *via)
{
	uint64_t h = iq_hash_u64(((uint64_t)from->index << 32 | to->index) + 1);

	return iq_hash_u64(h ^ (via ? (uint64_t)via->index + 1 : 0));
}

static struct iq_edge *edge_find(struct graph *gr, uint64_t hash, const struct iq_object *from,
				 const struct iq_object *to, const struct iq_object *via)
{
	uint64_t *place = iq_map_get(&gr->edge_by_hash, hash);
	struct iq_edge *e;

	if (!place)
		return NULL;
	e = gr->pub.edges.data[*place];
	if (e->from == from && e->to == to && e->via == via)
		return e;
	/* Two edges of one hash: rare enough to look at them all. */
	iq_vec_foreach(&from->out, p)
		if ((*p)->to == to && (*p)->via == via)
			return *p;
	return NULL;
}

struct iq_edge *iq_graph_edge(struct iq_graph *g, struct iq_object *from, struct iq_object *to,
			      struct iq_object *via, enum iq_edge_kind kind,
			      enum iq_certainty certainty, const char *how_fmt, ...)
{
	struct graph *gr = (struct graph *)g;
	uint64_t hash = edge_hash(from, to, via);
	struct iq_edge *e = edge_find(gr, hash, from, to, via);
	va_list ap;

	if (e && (e->certainty > certainty ||
		  (e->certainty == certainty && (e->kind == kind || e->kind != IQ_EDGE_MAYBE))))
		return e;
	if (!e) {
		e = iq_arena_alloc(g->arena, sizeof(*e));
		e->from = from;
		e->to = to;
		e->via = via;
		iq_vec_push(&g->edges, e);
		iq_vec_push(&from->out, e);
		iq_map_set(&gr->edge_by_hash, hash, g->edges.num - 1);
	}
	e->kind = kind;
	e->certainty = certainty;
	va_start(ap, how_fmt);
	e->how = iq_arena_vprintf(g->arena, how_fmt, ap);
	va_end(ap);
	return e;
}
