/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ways to a root: a breadth-first search from it, against the waits
 *
 * Holders that are set aside (they count, but somebody stands in front of them) are
 * taken only by those whom nothing else leads to the root.
 */
#include "out/ways.h"

typedef IQ_VEC(const json_t *) waits_to;

struct iq_ways {
	struct iq_strmap by_id; /* id of a task -> struct iq_way */
	IQ_VEC(struct iq_way *) list;
};

struct index {
	struct iq_strmap by_id; /* id of an object -> the waits that lead to it */
	IQ_VEC(waits_to *) lists;
};

static const char *id_of(const json_t *object)
{
	return json_string_value(json_object_get(object, "id"));
}

static void index_add(struct index *index, const json_t *object, const json_t *wait)
{
	const char *id = id_of(object);
	waits_to *list;

	if (!id)
		return;
	list = iq_strmap_get(&index->by_id, id);
	if (!list) {
		list = iq_xcalloc(1, sizeof(*list));
		iq_strmap_set(&index->by_id, id, list);
		iq_vec_push(&index->lists, list);
	}
	iq_vec_push(list, wait);
}

static void index_init(struct index *index, const json_t *waits, bool with_aside)
{
	*index = (struct index){ 0 };
	for (size_t i = 0; i < json_array_size(waits); i++) {
		const json_t *wait = json_array_get(waits, i);
		const json_t *holders = json_object_get(wait, "holders");

		for (size_t k = 0; k < json_array_size(holders); k++) {
			const json_t *entry = json_array_get(holders, k);

			if (with_aside || !json_is_true(json_object_get(entry, "aside")))
				index_add(index, json_object_get(entry, "object"), wait);
		}
		index_add(index, json_object_get(wait, "on"), wait);
	}
}

static void index_deinit(struct index *index)
{
	iq_vec_foreach(&index->lists, list) {
		iq_vec_free(*list);
		free(*list);
	}
	iq_vec_free(&index->lists);
	iq_strmap_deinit(&index->by_id);
}

/* Everyone whom `object`, so far from the root, holds up, and who is not there yet. */
static void add_leading(struct iq_ways *ways, const struct index *index, const json_t *object,
			unsigned dist, const char *root)
{
	const char *id = id_of(object);
	const waits_to *list = id ? iq_strmap_get(&index->by_id, id) : NULL;

	if (!list)
		return;
	iq_vec_foreach(list, wait) {
		const char *task = id_of(json_object_get(*wait, "task"));
		struct iq_way *way;

		if (!task || !strcmp(task, root) || iq_strmap_get(&ways->by_id, task))
			continue;
		way = iq_xcalloc(1, sizeof(*way));
		way->wait = *wait;
		way->next = object;
		way->dist = dist + 1;
		way->order = (unsigned)ways->list.num;
		iq_strmap_set(&ways->by_id, task, way);
		iq_vec_push(&ways->list, way);
	}
}

struct iq_ways *iq_ways_new(const json_t *report, const json_t *root)
{
	struct iq_ways *ways = iq_xcalloc(1, sizeof(*ways));
	const char *id = id_of(root);

	for (unsigned with_aside = 0; id && with_aside < 2; with_aside++) {
		struct index index;

		index_init(&index, json_object_get(report, "waits"), with_aside);
		add_leading(ways, &index, root, 0, id);
		for (size_t i = 0; i < ways->list.num; i++)
			add_leading(ways, &index, json_object_get(ways->list.data[i]->wait, "task"),
				    ways->list.data[i]->dist, id);
		index_deinit(&index);
	}
	return ways;
}

void iq_ways_free(struct iq_ways *ways)
{
	if (!ways)
		return;
	iq_vec_foreach(&ways->list, way)
		free(*way);
	iq_vec_free(&ways->list);
	iq_strmap_deinit(&ways->by_id);
	free(ways);
}

struct iq_way *iq_ways_get(struct iq_ways *ways, const json_t *task)
{
	const char *id = id_of(task);

	return id ? iq_strmap_get(&ways->by_id, id) : NULL;
}
