/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The graph and its causes as JSON
 *
 * An object is built once and shared by all who mention it. Every text is
 * cleaned on the way in, so that what comes out is valid UTF-8 and harmless.
 */
#include <math.h>

#include "inquest/names.h"
#include "out/report.h"
#include "out/text.h"

struct maker {
	const struct iq_graph *g;
	json_t **objects; /* by index; made when first mentioned */
	uint8_t *wanted;  /* by index: tasks whose waits are shown */
	uint32_t *seen;	  /* by index: the last round in which it was listed */
	uint32_t round;
	uint64_t num_far; /* holders behind things, of all waits */
	struct iq_strmap ids;
	bool addresses; /* objects say where they are */
};

/* ---- values ---- */

static json_t *text(const char *str)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (!str)
		return json_null();
	if (iq_text_is_clean(str, strlen(str)))
		return json_string_nocheck(str);
	iq_text_clean(&sb, str);
	return json_string_nocheck(iq_strbuf_str(&sb));
}

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *hex(uint64_t value)
{
	char str[20];

	snprintf(str, sizeof(str), "0x%" PRIx64, value);
	return json_string_nocheck(str);
}

static json_t *count_or_null(int64_t value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *texts(const iq_texts *list)
{
	json_t *array = json_array();

	iq_vec_foreach(list, str)
		json_array_append_new(array, text(*str));
	return array;
}

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new_nocheck(object, key, value);
}

static json_t *remedies(const iq_remedies *list)
{
	json_t *array = json_array();

	iq_vec_foreach(list, r) {
		json_t *one = json_object();

		put(one, "text", text(r->text));
		put(one, "command", text(r->command));
		put(one, "risk", json_string_nocheck(iq_risk_name(r->risk)));
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *remedy_texts(const iq_remedies *list)
{
	json_t *array = json_array();

	iq_vec_foreach(list, r)
		json_array_append_new(array, text(r->text));
	return array;
}

/* ---- objects ---- */

struct field {
	const char *key;
	enum { OR_NULL, OR_UNKNOWN, OR_FROM_ID } otherwise;
};

/* What each type has besides id, type and name, known or not. */
static const struct field fields[IQ_NUM_OBJ_TYPES][8] = {
	[IQ_OBJ_TASK] = { { "comm" }, { "uid" }, { "container" } },
	[IQ_OBJ_LOCK] = { { "class", OR_UNKNOWN } },
	[IQ_OBJ_FILESYSTEM] = { { "fstype" },
				{ "device" },
				{ "mount" },
				{ "frozen" },
				{ "used_pct" } },
	[IQ_OBJ_DEVICE] = { { "driver" }, { "inflight" }, { "oldest_ms" } },
	[IQ_OBJ_POOL] = { { "kind", OR_UNKNOWN }, { "health" }, { "used_pct" } },
	[IQ_OBJ_SERVER] = { { "protocol", OR_UNKNOWN } },
	[IQ_OBJ_DAEMON] = { { "kind", OR_FROM_ID } },
	[IQ_OBJ_IPC] = { { "kind", OR_FROM_ID } },
	[IQ_OBJ_CGROUP] = { { "frozen" }, { "throttled" }, { "memory_pct" } },
};

static json_t *attr_value(const struct iq_attr *attr)
{
	switch (attr->kind) {
	case IQ_ATTR_STR:
		return text(attr->str);
	case IQ_ATTR_INT:
		return json_integer(attr->num);
	case IQ_ATTR_BOOL:
		return json_boolean(attr->num);
	case IQ_ATTR_REAL:
		return real(attr->real);
	default:
		return json_null();
	}
}

/* "fuse" of "daemon:fuse:41". */
static json_t *kind_from_id(const char *id)
{
	const char *kind = strchr(id, ':');
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;

	if (!kind)
		return json_string("unknown");
	kind++;
	iq_text_clean_n(&sb, kind, strcspn(kind, ":"));
	return json_string_nocheck(iq_strbuf_str(&sb));
}

static void put_fields(json_t *json, const struct iq_object *o)
{
	if (o->type == IQ_OBJ_TASK) {
		put(json, "pid", o->pid ? json_integer(o->pid) : json_null());
		put(json, "tid", json_integer(o->tid));
	}
	iq_vec_foreach(&o->attrs, attr)
		if (!json_object_get(json, attr->key)) /* id, type and name are not theirs */
			put(json, attr->key, attr_value(attr));
	for (const struct field *f = fields[o->type]; f->key; f++) {
		json_t *have = json_object_get(json, f->key);

		if (have && !(json_is_null(have) && f->otherwise != OR_NULL))
			continue;
		put(json, f->key,
		    f->otherwise == OR_UNKNOWN	 ? json_string("unknown")
		    : f->otherwise == OR_FROM_ID ? kind_from_id(o->id)
						 : json_null());
	}
	if (o->type == IQ_OBJ_TASK)
		put(json, "kthread", json_boolean(o->kthread));
}

/* Two ids that differ only in what is cleaned away must not become one. */
static json_t *unique_id(struct maker *m, const struct iq_object *o)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	size_t len;

	iq_text_clean(&sb, o->id);
	len = sb.len;
	for (unsigned i = 2; iq_strmap_get(&m->ids, iq_strbuf_str(&sb)); i++) {
		sb.len = len;
		iq_strbuf_printf(&sb, "~%u", i);
	}
	iq_strmap_set(&m->ids, iq_strbuf_str(&sb), (void *)o);
	return json_string_nocheck(iq_strbuf_str(&sb));
}

static json_t *name_of(const struct iq_object *o)
{
	const char *rest = strchr(o->id, ':');

	if (o->name && *o->name)
		return text(o->name);
	return text(rest && rest[1] && o->type != IQ_OBJ_TASK ? rest + 1 : o->id);
}

/* A letter of ps. */
static json_t *state_json(char state)
{
	char str[2] = { state > ' ' && state < 0x7f ? state : '?' };

	return json_string(str);
}

/* The object, borrowed twice over: what is returned is a new reference. */
static json_t *object(struct maker *m, const struct iq_object *o)
{
	json_t *json = m->objects[o->index];

	if (json)
		return json_incref(json);
	json = m->objects[o->index] = json_object();
	put(json, "id", unique_id(m, o));
	put(json, "type", json_string(iq_object_type_name(o->type)));
	put(json, "name", name_of(o));
	put_fields(json, o);
	if (m->addresses && o->addr)
		put(json, "address", hex(o->addr));
	if (m->addresses && o->state)
		put(json, "state", state_json(o->state));
	return json_incref(json);
}

/* ---- waits ---- */

/* What lies behind such a thing does not matter, and is not told. */
static bool is_final(const struct iq_object *o)
{
	return o->verdict && o->verdict->final;
}

static void add_holder(struct maker *m, json_t *list, const struct iq_object *o,
		       const struct iq_edge *e)
{
	enum iq_certainty certainty = e->kind == IQ_EDGE_MAYBE ? IQ_LIKELY : e->certainty;
	json_t *holder;

	if (m->seen[o->index] == m->round)
		return;
	m->seen[o->index] = m->round;
	holder = json_object();
	put(holder, "object", object(m, o));
	put(holder, "how", text(e->how ? e->how : ""));
	put(holder, "certainty", json_string(iq_certainty_name(certainty)));
	put(holder, "aside", json_boolean(e->aside));
	json_array_append_new(list, holder);
}

/*
 * Who holds or serves what the wait is for: the ends of the task's edges, and where those are no
 * tasks, what they in turn stand on, down to the next task. Without this last part nobody could
 * read from the waits how a filesystem leads to its disk.
 */
static json_t *holders(struct maker *m, const struct iq_wait *w)
{
	enum { MAX_FAR = 1000, MAX_FAR_OF_ALL = 1000000 };
	json_t *list = json_array();
	IQ_VEC(const struct iq_object *) things = { 0 };
	unsigned num_far = 0;

	m->seen[w->on->index] = ++m->round;
	iq_vec_foreach(&w->task->out, p) {
		const struct iq_edge *e = *p;

		if (e->via && is_final(e->via))
			continue;
		if (e->via)
			add_holder(m, list, e->via, e);
		if (e->to->type != IQ_OBJ_TASK)
			iq_vec_push(&things, e->to);
		add_holder(m, list, e->to, e);
	}
	for (size_t i = 0; i < things.num && m->num_far < MAX_FAR_OF_ALL; i++) {
		if (is_final(things.data[i]))
			continue;
		iq_vec_foreach(&things.data[i]->out, p) {
			const struct iq_edge *e = *p;
			bool is_new = m->seen[e->to->index] != m->round;

			if (!is_new || num_far++ == MAX_FAR)
				continue;
			m->num_far++;
			if (e->via)
				add_holder(m, list, e->via, e);
			add_holder(m, list, e->to, e);
			if (e->to->type != IQ_OBJ_TASK)
				iq_vec_push(&things, e->to);
		}
	}
	iq_vec_free(&things);
	return list;
}

static json_t *syscall_of(const struct iq_wait *w)
{
	json_t *json, *args;

	if (!w->syscall.known)
		return json_null();
	json = json_object();
	args = json_array();
	put(json, "nr", json_integer(w->syscall.nr));
	put(json, "name", text(w->syscall.name));
	for (unsigned i = 0; i < w->syscall.num_args && i < IQ_ARRAY_SIZE(w->syscall.args); i++)
		json_array_append_new(args, hex(w->syscall.args[i]));
	put(json, "args", args);
	put(json, "text", text(w->call));
	return json;
}

static json_t *stack_of(const struct iq_wait *w)
{
	json_t *list = json_array();

	iq_vec_foreach(&w->stack, frame) {
		json_t *json = json_object();

		put(json, "function", text(frame->function));
		put(json, "offset",
		    frame->function ? json_integer((json_int_t)frame->offset) : json_null());
		put(json, "address", hex(frame->address));
		put(json, "module", text(frame->module));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *watches_of(const struct iq_wait *w)
{
	json_t *list = json_array();

	iq_vec_foreach(&w->watches, watch) {
		json_t *json = json_object();

		put(json, "fd", json_integer(watch->fd));
		put(json, "what", text(watch->what));
		put(json, "events", text(watch->events));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *wait_json(struct maker *m, const struct iq_wait *w)
{
	json_t *json = json_object();

	put(json, "task", object(m, w->task));
	put(json, "state", state_json(w->state));
	put(json, "waited_ms", count_or_null(w->waited_ms));
	put(json, "syscall", syscall_of(w));
	put(json, "on", object(m, w->on));
	put(json, "mode", text(w->mode));
	put(json, "holders", holders(m, w));
	put(json, "stack", stack_of(w));
	put(json, "words", text(w->in_words));
	put(json, "watches", watches_of(w));
	put(json, "certainty", json_string(iq_certainty_name(w->certainty)));
	put(json, "rule", text(w->rule));
	put(json, "hangs", json_boolean(w->hangs));
	put(json, "killable", json_boolean(w->killable));
	put(json, "killed", json_boolean(w->doomed));
	return json;
}

/* The asked task, and those that it waits for, a few of them: an ordinary wait has no cause to tell
 * of it. */
static void want_asked(struct maker *m, const struct iq_object *asked)
{
	enum { MAX_NEAR = 64 };
	const struct iq_object *near[MAX_NEAR] = { asked };
	unsigned num = 1;

	m->round++;
	m->seen[asked->index] = m->round;
	for (unsigned i = 0; i < num; i++) {
		m->wanted[near[i]->index] = true;
		iq_vec_foreach(&near[i]->out, e) {
			if (num == MAX_NEAR || m->seen[(*e)->to->index] == m->round)
				continue;
			m->seen[(*e)->to->index] = m->round;
			near[num++] = (*e)->to;
		}
	}
}

static int by_tid(const void *a, const void *b)
{
	const struct iq_object *x = (*(struct iq_wait *const *)a)->task;
	const struct iq_object *y = (*(struct iq_wait *const *)b)->task;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static json_t *waits(struct maker *m, const struct iq_report_meta *meta,
		     const struct iq_causes *causes)
{
	IQ_VEC(struct iq_wait *) list = { 0 };
	json_t *array = json_array();

	iq_vec_foreach(&causes->list, cause) {
		m->wanted[(*cause)->root->index] = true;
		iq_vec_foreach(&(*cause)->blocked, o)
			m->wanted[(*o)->index] = true;
		iq_vec_foreach(&(*cause)->chain, o)
			m->wanted[(*o)->index] = true;
	}
	if (meta->asked)
		iq_vec_foreach(&meta->asked->tasks, o)
			want_asked(m, *o);
	iq_vec_foreach(&m->g->waits, w)
		if (m->wanted[(*w)->task->index])
			iq_vec_push(&list, *w);
	if (list.num)
		qsort(list.data, list.num, sizeof(*list.data), by_tid);
	iq_vec_foreach(&list, w)
		json_array_append_new(array, wait_json(m, *w));
	iq_vec_free(&list);
	return array;
}

/* ---- causes ---- */

static json_t *cause_json(struct maker *m, const struct iq_cause *cause, size_t rank)
{
	json_t *json = json_object(), *blocked = json_object(), *tids = json_array();
	json_t *chain = json_array();

	iq_vec_foreach(&cause->blocked, o)
		json_array_append_new(tids, json_integer((*o)->tid));
	put(blocked, "count", json_integer((json_int_t)cause->blocked.num));
	put(blocked, "tids", tids);
	iq_vec_foreach(&cause->chain, o)
		json_array_append_new(chain, object(m, *o));

	put(json, "rank", json_integer((json_int_t)rank));
	put(json, "kind", json_string(iq_cause_kind_name(cause->kind)));
	put(json, "summary", text(cause->summary ? cause->summary : ""));
	put(json, "root", object(m, cause->root));
	put(json, "certainty", json_string(iq_certainty_name(cause->certainty)));
	put(json, "oldest_ms", count_or_null(cause->oldest_ms));
	put(json, "blocked", blocked);
	put(json, "chain", chain);
	put(json, "evidence", texts(&cause->evidence));
	put(json, "remedy", remedy_texts(&cause->remedy));
	put(json, "remedies", remedies(&cause->remedy));
	return json;
}

/* ---- the whole ---- */

/*
 * Not by gmtime_r() of libc, which opens /etc/localtime when it is first called, on a machine
 * whose disks may be what hangs.
 */
static json_t *time_json(int64_t ns)
{
	struct iq_civil c;
	char str[64];

	if (ns <= 0)
		return json_null();
	iq_civil_utc(ns / 1000000000, &c);
	snprintf(str, sizeof(str), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.mon + 1, c.mday,
		 c.hour, c.min, c.sec, (int)(ns / 1000000 % 1000));
	return json_string(str);
}

static void put_meta(json_t *json, const struct iq_report_meta *meta)
{
	json_t *part;

	put(json, "schema", json_string("inquest.report/1"));
	part = json_object();
	put(part, "name", json_string("inquest"));
	put(part, "version", text(meta->version));
	put(json, "tool", part);
	put(json, "taken_at", time_json(meta->taken_at_ns));
	part = json_object();
	put(part, "name", text(meta->host));
	put(part, "kernel", text(meta->kernel));
	put(part, "arch", text(meta->arch));
	put(part, "uptime_s", meta->uptime_s < 0 ? json_null() : real(meta->uptime_s));
	put(json, "host", part);
	part = json_object();
	put(part, "kind", text(meta->source_kind));
	put(part, "path", text(meta->source_path ? meta->source_path : ""));
	put(json, "source", part);
	part = json_object();
	put(part, "tasks", json_integer((json_int_t)meta->stats.tasks));
	put(part, "waiting", json_integer((json_int_t)meta->stats.waiting));
	put(part, "unexplained", json_integer((json_int_t)meta->stats.unexplained));
	put(part, "inconsistent", json_integer((json_int_t)meta->stats.inconsistent));
	put(part, "elapsed_us", json_integer((json_int_t)meta->stats.elapsed_us));
	put(part, "bytes_read", json_integer((json_int_t)meta->stats.bytes_read));
	put(json, "stats", part);
	put(json, "complete", json_boolean(!meta->incomplete));
	put(json, "longer_than_s",
	    meta->longer_than_s < 0 ? json_null() : real(meta->longer_than_s));
}

json_t *iq_report_json(const struct iq_report_meta *meta, const struct iq_graph *g,
		       const struct iq_causes *causes)
{
	struct maker m = { .g = g, .addresses = meta->addresses };
	size_t n = g->objects.num;
	json_t *json, *list;

	/* As with our own containers: without memory there is no half report. */
	json_set_alloc_funcs(iq_xmalloc, free);
	m.objects = iq_xcalloc(n, sizeof(json_t *));
	m.wanted = iq_xcalloc(n, 1);
	m.seen = iq_xcalloc(n, sizeof(*m.seen));

	json = json_object();
	put_meta(json, meta);
	list = json_array();
	if (meta->asked)
		iq_vec_foreach(&meta->asked->tasks, o)
			json_array_append_new(list, object(&m, *o));
	put(json, "asked", list);
	list = json_array();
	for (size_t i = 0; i < causes->list.num; i++)
		json_array_append_new(list, cause_json(&m, causes->list.data[i], i + 1));
	put(json, "causes", list);
	put(json, "waits", waits(&m, meta, causes));
	put(json, "notes", meta->notes ? texts(meta->notes) : json_array());

	for (size_t i = 0; i < n; i++)
		json_decref(m.objects[i]);
	free(m.objects);
	free(m.wanted);
	free(m.seen);
	iq_strmap_deinit(&m.ids);
	return json;
}

char *iq_report_dump(const json_t *report)
{
	char *str = json_dumps(report, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	size_t len = str ? strlen(str) : 0;

	str = iq_xrealloc(str, len + 2);
	memcpy(str + len, "\n", 2);
	return str;
}

/* Are the fields that the text is made from of the types that they should be? Names what is not. */
static const char *wrong_field(const json_t *report)
{
	static const char *const lists[] = { "causes", "waits", "asked", "notes" };
	static const char *const texts_of_cause[] = { "kind", "certainty", "summary" };
	static const char *const lists_of_cause[] = { "chain", "evidence", "remedy" };
	const json_t *list;

	for (size_t i = 0; i < IQ_ARRAY_SIZE(lists); i++) {
		list = json_object_get(report, lists[i]);
		if (list && !json_is_array(list))
			return lists[i];
		for (size_t k = 0; k < json_array_size(list); k++)
			if (json_typeof(json_array_get(list, k)) !=
			    (strcmp(lists[i], "notes") ? JSON_OBJECT : JSON_STRING))
				return lists[i];
	}
	list = json_object_get(report, "causes");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *cause = json_array_get(list, i);

		for (size_t k = 0; k < IQ_ARRAY_SIZE(texts_of_cause); k++)
			if (!json_is_string(json_object_get(cause, texts_of_cause[k])))
				return texts_of_cause[k];
		for (size_t k = 0; k < IQ_ARRAY_SIZE(lists_of_cause); k++)
			if (!json_is_array(json_object_get(cause, lists_of_cause[k])))
				return lists_of_cause[k];
		if (!json_is_object(json_object_get(cause, "root")))
			return "root";
	}
	return NULL;
}

struct iq_error *iq_report_load(const char *text_in, size_t len, json_t **report_ret)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf sb = IQ_STRBUF_INIT;
	json_error_t why;
	json_t *report = json_loadb(text_in, len, 0, &why);
	const char *schema, *wrong;

	if (!report) {
		iq_text_clean(&sb, why.text);
		return iq_error_new(IQ_ERR_INVALID, "this is no JSON: line %d: %s", why.line,
				    iq_strbuf_str(&sb));
	}
	schema = json_string_value(json_object_get(report, "schema"));
	if (!schema || strcmp(schema, "inquest.report/1")) {
		json_decref(report);
		return iq_error_new(IQ_ERR_INVALID,
				    "this is no answer of `inquest why --json`: no schema "
				    "inquest.report/1 in it");
	}
	wrong = wrong_field(report);
	if (wrong) {
		json_decref(report);
		return iq_error_new(
			IQ_ERR_INVALID,
			"a damaged answer of `inquest why --json`: \"%s\" is missing or "
			"not what it should be",
			wrong);
	}
	*report_ret = report;
	return NULL;
}
