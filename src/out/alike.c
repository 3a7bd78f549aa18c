/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "out/alike.h"

#include <ctype.h>
#include <stdlib.h>

/* Two of a kind are told apart; from so many on they are a crowd. */
enum { MIN_ALIKE = 3, MAX_CHAIN = 64 };

static const char *get_str(const json_t *object, const char *key)
{
	const char *str = json_string_value(json_object_get(object, key));

	return str ? str : "";
}

void iq_alike_shape(struct iq_strbuf *sb, const char *text)
{
	while (*text) {
		if (!isdigit((unsigned char)*text)) {
			iq_strbuf_addc(sb, *text++);
			continue;
		}
		iq_strbuf_addc(sb, '#');
		if (!strncmp(text, "0x", 2)) {
			text += 2;
			while (isxdigit((unsigned char)*text))
				text++;
		}
		while (isdigit((unsigned char)*text))
			text++;
	}
}

/* What two causes have to have in common. "" of one that stands alone. */
static void add_key(struct iq_strbuf *sb, const json_t *cause)
{
	const json_t *chain = json_object_get(cause, "chain");

	if (strcmp(get_str(json_object_get(cause, "root"), "type"), "task") != 0)
		return;
	iq_strbuf_printf(sb, "%s %s ", get_str(cause, "kind"), get_str(cause, "certainty"));
	iq_alike_shape(sb, get_str(cause, "summary"));
	for (size_t i = 0; i < json_array_size(chain) && i < MAX_CHAIN; i++) {
		const json_t *o = json_array_get(chain, i);

		iq_strbuf_printf(sb, "|%s %s", get_str(o, "type"), get_str(o, "class"));
	}
	iq_strbuf_printf(sb, "|%zu", json_array_size(chain));
}

static int by_value(const void *a, const void *b)
{
	json_int_t x = json_integer_value(*(json_t *const *)a);
	json_int_t y = json_integer_value(*(json_t *const *)b);

	return x < y ? -1 : x > y;
}

static int64_t age_of(const json_t *cause)
{
	const json_t *ms = json_object_get(cause, "oldest_ms");

	return json_is_integer(ms) ? json_integer_value(ms) : -1;
}

static const json_t *tids_of(const json_t *cause)
{
	return json_object_get(json_object_get(cause, "blocked"), "tids");
}

/* Who waits for any of them, each once, and for how long at the most. */
static void sum_up(struct iq_alike *alike)
{
	json_t *cause = json_copy(alike->cause), *blocked = json_object(), *tids = json_array();
	IQ_VEC(json_t *) all = { 0 };
	int64_t oldest = age_of(cause);

	for (size_t i = 0; i < json_array_size(tids_of(cause)); i++)
		iq_vec_push(&all, json_array_get(tids_of(cause), i));
	iq_vec_foreach(&alike->others, other) {
		oldest = IQ_MAX(oldest, age_of(*other));
		for (size_t i = 0; i < json_array_size(tids_of(*other)); i++)
			iq_vec_push(&all, json_array_get(tids_of(*other), i));
	}
	if (all.num)
		qsort(all.data, all.num, sizeof(*all.data), by_value);
	for (size_t i = 0; i < all.num; i++)
		if (!i || by_value(&all.data[i - 1], &all.data[i]))
			json_array_append(tids, all.data[i]);
	json_object_set_new(blocked, "count", json_integer((json_int_t)json_array_size(tids)));
	json_object_set_new(blocked, "tids", tids);
	json_object_set_new(cause, "blocked", blocked);
	json_object_set_new(cause, "oldest_ms", oldest < 0 ? json_null() : json_integer(oldest));
	iq_vec_free(&all);
	json_decref(alike->cause);
	alike->cause = cause;
}

/* The report has them by rank, and the rank of the first is the best. */
static int by_weight(const void *a, const void *b)
{
	const json_t *x = ((const struct iq_alike *)a)->cause;
	const json_t *y = ((const struct iq_alike *)b)->cause;
	size_t p = json_array_size(tids_of(x)), q = json_array_size(tids_of(y));
	json_int_t r = json_integer_value(json_object_get(x, "rank"));
	json_int_t s = json_integer_value(json_object_get(y, "rank"));

	if (p != q)
		return p > q ? -1 : 1;
	if (age_of(x) != age_of(y))
		return age_of(x) > age_of(y) ? -1 : 1;
	return r < s ? -1 : r > s;
}

static void add_alone(iq_alikes *list, json_t *cause)
{
	iq_vec_push(list, (struct iq_alike){ .cause = json_incref(cause) });
}

void iq_alikes_init(iq_alikes *list, const json_t *causes, bool apart)
{
	struct iq_strmap count = { 0 }, place = { 0 };
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf key = IQ_STRBUF_INIT;
	size_t num = json_array_size(causes);

	*list = (iq_alikes){ 0 };
	for (size_t i = 0; i < num && !apart; i++) {
		key.len = 0;
		iq_strbuf_adds(&key, "");
		add_key(&key, json_array_get(causes, i));
		iq_strmap_set(&count, iq_strbuf_str(&key),
			      (void *)((uintptr_t)iq_strmap_get(&count, iq_strbuf_str(&key)) + 1));
	}
	for (size_t i = 0; i < num; i++) {
		json_t *cause = json_array_get(causes, i);
		uintptr_t at;

		key.len = 0;
		iq_strbuf_adds(&key, "");
		add_key(&key, cause);
		if (apart || !key.len ||
		    (uintptr_t)iq_strmap_get(&count, iq_strbuf_str(&key)) < MIN_ALIKE) {
			add_alone(list, cause);
			continue;
		}
		at = (uintptr_t)iq_strmap_get(&place, iq_strbuf_str(&key));
		if (at) {
			iq_vec_push(&list->data[at - 1].others, cause);
			continue;
		}
		add_alone(list, cause);
		iq_strmap_set(&place, iq_strbuf_str(&key), (void *)(uintptr_t)list->num);
	}
	iq_strmap_deinit(&count);
	iq_strmap_deinit(&place);
	iq_vec_foreach(list, alike)
		if (alike->others.num)
			sum_up(alike);
	if (list->num && !apart)
		qsort(list->data, list->num, sizeof(*list->data), by_weight);
}

void iq_alikes_deinit(iq_alikes *list)
{
	iq_vec_foreach(list, alike) {
		json_decref(alike->cause);
		iq_vec_free(&alike->others);
	}
	iq_vec_free(list);
}
