/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of users and groups: no name service, only the two files, only if cached
 */
#include <stdio.h>

#include "cli/cached.h"
#include "cli/cli.h"

enum { MAX_FILE = 16 << 20 };

struct names {
	const char *path;
	bool read;
	struct iq_strbuf text;
	struct iq_map by_id;	  /* -> const char * */
	struct iq_strmap by_name; /* -> id + 1 */
};

static struct names users = { .path = "/etc/passwd" }, groups = { .path = "/etc/group" };

static bool off;

void iq_users_off(void)
{
	off = true;
}

/* name:password:id:... */
static void parse_line(struct names *n, char *line)
{
	char *password = strchr(line, ':'), *number, *end;
	int64_t id;

	if (!password || password == line)
		return;
	*password++ = '\0';
	number = strchr(password, ':');
	if (!number)
		return;
	end = strchr(++number, ':');
	if (end)
		*end = '\0';
	if (!iq_parse_int(number, 0, UINT32_MAX, &id))
		return;
	if (!iq_map_get(&n->by_id, (uint64_t)id))
		iq_map_set(&n->by_id, (uint64_t)id, (uintptr_t)line);
	if (!iq_strmap_get(&n->by_name, line))
		iq_strmap_set(&n->by_name, line, (void *)(uintptr_t)(id + 1));
}

static void load(struct names *n)
{
	char *save = NULL;

	if (n->read)
		return;
	n->read = true;
	if (!iq_read_cached(n->path, MAX_FILE, &n->text) || !n->text.len)
		return;
	for (char *line = strtok_r(n->text.str, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		parse_line(n, line);
}

static const char *name_of(struct names *n, uint32_t id)
{
	uint64_t *known;

	if (off)
		return NULL;
	load(n);
	known = iq_map_get(&n->by_id, id);
	return known ? (const char *)(uintptr_t)*known : NULL;
}

const char *iq_user_name(uint32_t uid)
{
	return name_of(&users, uid);
}

const char *iq_group_name(uint32_t gid)
{
	return name_of(&groups, gid);
}

bool iq_user_by_name(const char *name, uint32_t *uid_ret)
{
	void *known;
	int64_t id;

	load(&users);
	known = iq_strmap_get(&users.by_name, name);
	if (known)
		*uid_ret = (uint32_t)((uintptr_t)known - 1);
	else if (iq_parse_int(name, 0, UINT32_MAX, &id))
		*uid_ret = (uint32_t)id;
	else if (!strcmp(name, "root")) /* also where no file can be read */
		*uid_ret = 0;
	else
		return false;
	return true;
}

void iq_cached_preload(void)
{
	if (!off) {
		load(&users);
		load(&groups);
	}
	iq_civil_preload();
}
