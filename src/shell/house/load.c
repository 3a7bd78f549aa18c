/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ::load and ::unload: modules that were built outside of the tree
 *
 * A module is a shared object with a `const struct iq_module iq_module`, made for the interface
 * whose number is IQ_MODULE_API. What was loaded stays in memory when it is unloaded: much that the
 * session remembers is found by the addresses of a module's tables.
 */
#include "shell/helper/helper.h"
#include "shell/house/object.h"
#include "shell/run/inside.h"

static struct iq_error *check(const struct iq_rooms *rooms, const struct iq_module *m)
{
	if (!m)
		return iq_error_new(IQ_ERR_INVALID, "it has no iq_module: not a module of inquest");
	if (m->api != IQ_MODULE_API)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "it was made for module interface %u, this inquest has %d: "
				    "build it again",
				    m->api, IQ_MODULE_API);
	if (!m->name || !*m->name)
		return iq_error_new(IQ_ERR_INVALID, "it has no name");
	if (iq_module_find(rooms, m->name))
		return iq_error_new(IQ_ERR_INVALID, "there is a module %s already", m->name);
	return NULL;
}

static struct iq_error *cmd_load(struct iq_cmd *cmd)
{
	_cleanup_(iq_strbuf_deinit) struct iq_strbuf data = IQ_STRBUF_INIT;
	struct iq_object_code *code;
	const struct iq_module *m;
	struct iq_error *err;
	const char *lacks, *path;

	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "one file at a time");
	if (!cmd->sh->find_symbol)
		return iq_error_new(IQ_ERR_UNSUPPORTED,
				    "the static inquest cannot load modules: use the dynamic one");
	path = cmd->argv[0].str;
	err = iq_helper_read_file(cmd->sh->helper, path, &data);
	if (!err)
		err = iq_object_load(iq_strbuf_str(&data), data.len, cmd->sh->find_symbol, &code);
	if (err)
		return iq_error_prefix(err, "%s", path);
	m = iq_object_symbol(code, "iq_module", sizeof(*m));
	err = check(cmd->sh->rooms, m);
	if (err)
		return iq_error_prefix(err, "%s", path);
	iq_rooms_add(cmd->sh->rooms, m);
	lacks = cmd->s ? iq_module_lacks(cmd->s, m) : NULL;
	if (lacks)
		iq_out_text(cmd->out, "%s is idle: this kernel has no %s\n", m->name, lacks);
	return NULL;
}

static struct iq_error *cmd_unload(struct iq_cmd *cmd)
{
	const struct iq_module *m;

	if (cmd->argc != 1)
		return iq_cmd_usage(cmd, "which module?");
	m = iq_module_find(cmd->sh->rooms, cmd->argv[0].str);
	if (m && iq_rooms_remove(cmd->sh->rooms, m))
		return NULL;
	return iq_error_new(IQ_ERR_NOTFOUND, "%.60s is not a module that was loaded",
			    cmd->argv[0].str);
}

const struct iq_dcmd iq_load_dcmds[] = {
	{ "load", "file", "load a module: more commands, walkers and rules",
	  "The file is a shared object that was built with inquest's headers (pkg-config inquest); "
	  "docs/example-module shows one. It has to be made for the same module interface. A fault "
	  "in one of its commands is that command's error.",
	  NULL, cmd_load, 0, IQ_COMPLETE_FILE },
	{ "unload", "module", "forget a module that was loaded", NULL, NULL, cmd_unload, 0,
	  IQ_COMPLETE_MODULE },
	{ 0 },
};
