/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cgroups are called, and which of them a task is in
 */
#ifndef INQUEST_MODULES_CGROUP_NAMES_H
#define INQUEST_MODULES_CGROUP_NAMES_H

#include "inquest/module.h"

/* The path of a struct cgroup within its hierarchy, "/" for its root; in the scratch arena. NULL:
 * cannot be read. */
const char *cgroup_path(struct iq_diag *d, iq_vaddr cgroup);

/* The cgroup (struct cgroup) of a task in the unified hierarchy, and its state there for a
 * controller; 0: none. */
iq_vaddr cgroup_of_task(struct iq_diag *d, const struct iq_task *task);
iq_vaddr cgroup_css_of_task(struct iq_diag *d, const struct iq_task *task, const char *id_name);
/* The cgroup that a cgroup_subsys_state belongs to, and the one above it in its hierarchy; 0: none.
 */
iq_vaddr cgroup_of_css(struct iq_diag *d, iq_vaddr css);
iq_vaddr cgroup_css_parent(struct iq_diag *d, iq_vaddr css);
iq_vaddr cgroup_parent(struct iq_diag *d, iq_vaddr cgroup);

/* Is it in a hierarchy of its own (v1), beside the unified one? */
bool cgroup_is_v1(struct iq_diag *d, iq_vaddr cgroup);

/* The report's object, with nothing known of it yet but its path. */
struct iq_object *cgroup_object(struct iq_diag *d, iq_vaddr cgroup);

/*
 * What a container manager calls the container that a path belongs to: its id, or its name where
 * the path has that. engine_ret: "docker", "podman", ...; "" where the path does not tell. NULL: no
 * container that we know.
 */
const char *cgroup_container(struct iq_diag *d, const char *path, const char **engine_ret);

/* A word for a shell's command line, quoted where it has to be. */
const char *cgroup_quoted(struct iq_diag *d, const char *word);

/* ::zone (zone.c). */
struct iq_error *cgroup_cmd_zone(struct iq_cmd *cmd);
extern const struct iq_walker cgroup_walkers[];

#endif
