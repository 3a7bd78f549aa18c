/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made kernels: locks and who waits for them; filesystems; address spaces
 */
#include "fakekernel-inside.h"

#include <stdio.h>

enum {
	RWSEM_WRITER = 1,
	RWSEM_WAITERS = 2,
	RWSEM_READER = 0x100,
	RWSEM_OWNED_BY_READER = 1,
	RTMUTEX_WAITERS = 1,
	VMA_EXCLUSIVE = 0x40000000,
};

static const uint64_t RWBASE_OPEN = 0x80000000; /* READER_BIAS */

/* ---- locks ---- */

void fk_init_mutex(struct fakekernel *k, iq_vaddr lock)
{
	if (fk_has(k, "mutex.wait_list"))
		fk_list_init(k, lock + fk_off(k, "mutex.wait_list"));
}

void fk_init_rwsem(struct fakekernel *k, iq_vaddr lock)
{
	if (fk_has(k, "rw_semaphore.wait_list"))
		fk_list_init(k, lock + fk_off(k, "rw_semaphore.wait_list"));
	if (k->rt)
		fk_put(k, lock, "rw_semaphore.rwbase.readers.counter", RWBASE_OPEN);
}

void fk_init_percpu_rwsem(struct fakekernel *k, iq_vaddr lock)
{
	fk_list_init(k, lock + fk_off(k, "percpu_rw_semaphore.waiters.head"));
	fk_put(k, lock, "percpu_rw_semaphore.read_count", fk_percpu(k, 8, NULL));
}

static iq_vaddr new_lock(struct fakekernel *k, const char *type, const char *name)
{
	return name ? fk_data(k, name, fk_size(k, type)) : fk_alloc(k, type);
}

iq_vaddr fk_mutex(struct fakekernel *k, const char *name)
{
	iq_vaddr lock = new_lock(k, "mutex", name);

	fk_init_mutex(k, lock);
	return lock;
}

iq_vaddr fk_rwsem(struct fakekernel *k, const char *name)
{
	iq_vaddr lock = new_lock(k, "rw_semaphore", name);

	fk_init_rwsem(k, lock);
	return lock;
}

iq_vaddr fk_semaphore(struct fakekernel *k, const char *name)
{
	iq_vaddr lock = new_lock(k, "semaphore", name);

	if (k->flavour != FK_NEW)
		fk_list_init(k, lock + fk_off(k, "semaphore.wait_list"));
	return lock;
}

iq_vaddr fk_percpu_rwsem(struct fakekernel *k, const char *name)
{
	iq_vaddr lock = new_lock(k, "percpu_rw_semaphore", name);

	fk_init_percpu_rwsem(k, lock);
	return lock;
}

iq_vaddr fk_rtmutex(struct fakekernel *k, const char *name)
{
	return new_lock(k, "rt_mutex", name);
}

void fk_mutex_take(struct fk_task *t, iq_vaddr lock)
{
	fk_put(t->k, lock, "mutex.owner.counter",
	       t->addr | (fk_get(t->k, lock, "mutex.owner.counter") & 7));
}

void fk_rwsem_take_write(struct fk_task *t, iq_vaddr lock)
{
	fk_put(t->k, lock, "rw_semaphore.count.counter",
	       fk_get(t->k, lock, "rw_semaphore.count.counter") | RWSEM_WRITER);
	fk_put(t->k, lock, "rw_semaphore.owner.counter", t->addr);
}

void fk_rwsem_take_read(struct fk_task *t, iq_vaddr lock)
{
	fk_put(t->k, lock, "rw_semaphore.count.counter",
	       fk_get(t->k, lock, "rw_semaphore.count.counter") + RWSEM_READER);
	fk_put(t->k, lock, "rw_semaphore.owner.counter", t->addr | RWSEM_OWNED_BY_READER);
}

/* Behind those who wait already: in the lock's list, or in the ring that its first waiter is in. */
static void queue(struct fk_task *t, const char *type, iq_vaddr lock, iq_vaddr waiter)
{
	struct fakekernel *k = t->k;
	iq_vaddr first;
	char path[64];

	snprintf(path, sizeof(path), "%s.%s", type,
		 k->flavour == FK_NEW ? "first_waiter" : "wait_list");
	if (k->flavour != FK_NEW) {
		fk_list_add_tail(k, lock + fk_off(k, path), waiter);
		return;
	}
	first = fk_get(k, lock, path);
	if (first) {
		fk_list_add_tail(k, first, waiter);
		return;
	}
	fk_put(k, lock, path, waiter);
	fk_list_init(k, waiter);
}

iq_vaddr fk_wait_mutex(struct fk_task *t, iq_vaddr lock)
{
	struct fakekernel *k = t->k;
	iq_vaddr waiter;

	fk_calls(t, "mutex_lock", "__mutex_lock_slowpath", "__mutex_lock.constprop.0");
	waiter = fk_local(t, "mutex_waiter");
	fk_put(k, waiter, "mutex_waiter.task", t->addr);
	fk_put(k, waiter, "mutex_waiter.ww_ctx", 0xdeadbeef);
	queue(t, "mutex", lock, waiter);
	fk_put(k, lock, "mutex.owner.counter", fk_get(k, lock, "mutex.owner.counter") | 1);
	if (k->flavour == FK_NEW) {
		fk_task_put(t, "blocked_on", lock);
		fk_task_put(t, "blocker", lock);
	}
	fk_calls(t, "schedule_preempt_disabled");
	t->bx = lock;
	fk_switch(t, FK_D);
	return waiter;
}

static iq_vaddr wait_rwsem(struct fk_task *t, iq_vaddr lock, bool to_read, bool killable)
{
	static const char *const names[2][2] = { { "down_write", "down_write_killable" },
						 { "down_read", "down_read_killable" } };
	struct fakekernel *k = t->k;
	iq_vaddr waiter;

	fk_calls(t, names[to_read][killable],
		 to_read ? "rwsem_down_read_slowpath" : "rwsem_down_write_slowpath");
	fk_word(t, lock);
	waiter = fk_local(t, "rwsem_waiter");
	fk_put(k, waiter, "rwsem_waiter.task", t->addr);
	fk_put(k, waiter, "rwsem_waiter.type", to_read);
	queue(t, "rw_semaphore", lock, waiter);
	fk_put(k, lock, "rw_semaphore.count.counter",
	       fk_get(k, lock, "rw_semaphore.count.counter") | RWSEM_WAITERS);
	if (k->flavour == FK_NEW && !killable)
		fk_task_put(t, "blocker", lock | (to_read ? 2 : 3));
	fk_calls(t, "schedule_preempt_disabled");
	t->r12 = lock;
	fk_switch(t, killable ? FK_KILLABLE : FK_D);
	return waiter;
}

iq_vaddr fk_wait_write(struct fk_task *t, iq_vaddr lock, bool killable)
{
	return wait_rwsem(t, lock, false, killable);
}

iq_vaddr fk_wait_read(struct fk_task *t, iq_vaddr lock, bool killable)
{
	return wait_rwsem(t, lock, true, killable);
}

iq_vaddr fk_wait_semaphore(struct fk_task *t, iq_vaddr lock)
{
	struct fakekernel *k = t->k;
	iq_vaddr waiter;

	fk_calls(t, "down", "__down", "__down_common");
	waiter = fk_local(t, "semaphore_waiter");
	fk_put(k, waiter, "semaphore_waiter.task", t->addr);
	queue(t, "semaphore", lock, waiter);
	if (k->flavour == FK_NEW)
		fk_task_put(t, "blocker", lock | 1);
	fk_calls(t, "schedule_timeout");
	t->bx = lock;
	fk_switch(t, FK_D);
	return waiter;
}

iq_vaddr fk_wait_percpu(struct fk_task *t, iq_vaddr lock, bool to_write)
{
	struct fakekernel *k = t->k;
	iq_vaddr entry;

	fk_calls(t, to_write ? "percpu_down_write" : "__percpu_down_read", "percpu_rwsem_wait");
	fk_word(t, lock);
	entry = fk_local(t, "wait_queue_entry");
	/* WQ_FLAG_EXCLUSIVE; readers have WQ_FLAG_CUSTOM too, whose bit has moved. */
	fk_put(k, entry, "wait_queue_entry.flags", to_write ? 1 : k->flavour == FK_OLD ? 9 : 5);
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "percpu_rwsem_wake_function"));
	fk_list_add_tail(k, lock + fk_off(k, "percpu_rw_semaphore.waiters.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, FK_D);
	return entry;
}

void fk_drain_percpu(struct fk_task *t, iq_vaddr lock, unsigned num_readers)
{
	struct fakekernel *k = t->k;
	iq_vaddr counts = fk_get(k, lock, "percpu_rw_semaphore.read_count");
	iq_vaddr cpu0 = k->flavour == FK_NEW ? counts - 0xffffffff83800000 + 0xffff888040000000
					     : counts + 0xffff888040000000;

	/* Who came on one CPU and left on another: only the sum counts. */
	fk_u64(k, cpu0, (uint32_t)(num_readers + 7));
	fk_u64(k, cpu0 + 0x10000, (uint32_t)-7);
	fk_put(k, lock, "percpu_rw_semaphore.block.counter", 1);
	fk_put(k, lock, "percpu_rw_semaphore.writer.task", t->addr);
	fk_calls(t, "percpu_down_write");
	fk_word(t, lock);
	fk_switch(t, FK_D);
}

void fk_wait_rtmutex(struct fk_task *t, iq_vaddr lock)
{
	struct fakekernel *k = t->k;
	iq_vaddr waiter;

	fk_calls(t, "rt_mutex_slowlock_block");
	waiter = fk_local(t, "rt_mutex_waiter");
	fk_put(k, waiter, "rt_mutex_waiter.task", t->addr);
	fk_put(k, waiter, "rt_mutex_waiter.lock", lock);
	fk_task_put(t, "pi_blocked_on", waiter);
	fk_switch(t, FK_S);
}

iq_vaddr fk_wait_rt(struct fk_task *t, iq_vaddr rtmutex, uint64_t state)
{
	struct fakekernel *k = t->k;
	iq_vaddr waiter, node;

	fk_calls(t, "rt_mutex_slowlock");
	waiter = fk_local(t, "rt_mutex_waiter");
	node = waiter + fk_off(k, "rt_mutex_waiter.tree_entry");
	fk_put(k, waiter, "rt_mutex_waiter.task", t->addr);
	fk_put(k, waiter, "rt_mutex_waiter.lock", rtmutex);
	fk_put(k, rtmutex, "rt_mutex_base.waiters.rb_root.rb_node", node);
	fk_put(k, rtmutex, "rt_mutex_base.waiters.rb_leftmost", node);
	fk_put(k, rtmutex, "rt_mutex_base.owner",
	       fk_get(k, rtmutex, "rt_mutex_base.owner") | RTMUTEX_WAITERS);
	fk_task_put(t, "pi_blocked_on", waiter);
	fk_switch(t, state);
	return waiter;
}

/* At the end of the list, which is made where there is none. */
static void queue_up(struct fakekernel *k, iq_vaddr head, iq_vaddr node)
{
	if (!fk_get_u64(k, head))
		fk_list_init(k, head);
	fk_list_add_tail(k, head, node);
}

iq_vaddr fk_wait_completion(struct fk_task *t, iq_vaddr done, uint64_t state)
{
	struct fakekernel *k = t->k;
	iq_vaddr entry;

	fk_calls(t, "wait_for_completion");
	entry = fk_local(t, "swait_queue");
	fk_put(k, entry, "swait_queue.task", t->addr);
	queue_up(k, done + fk_off(k, "completion.wait.task_list"),
		 entry + fk_off(k, "swait_queue.task_list"));
	fk_calls(t, "schedule_timeout");
	fk_switch(t, state);
	return entry;
}

iq_vaddr fk_wait_queue(struct fk_task *t, iq_vaddr head, const char *func, uint64_t state)
{
	struct fakekernel *k = t->k;
	iq_vaddr entry = fk_local(t, "wait_queue_entry");

	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, func));
	queue_up(k, head + fk_off(k, "wait_queue_head.head"),
		 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, state);
	return entry;
}

iq_vaddr fk_stale_waiter(struct fk_task *t, const char *type, iq_vaddr next, iq_vaddr prev)
{
	iq_vaddr waiter;

	waiter = fk_local(t, type);
	fk_u64(t->k, waiter, next ? next : waiter);
	fk_u64(t->k, waiter + 8, prev ? prev : waiter);
	fk_u64(t->k, waiter + 16, t->addr);
	return waiter;
}

/* ---- waiting for children ---- */

void fk_wait_child(struct fk_task *t, unsigned type, iq_vaddr pid)
{
	struct fakekernel *k = t->k;
	iq_vaddr opts;

	fk_syscall(t, 61, (uint64_t)-1, 0);
	fk_calls(t, "__do_sys_wait4", "kernel_wait4");
	opts = fk_local(t, "wait_opts");
	fk_put(k, opts, "wait_opts.wo_type", type);
	fk_put(k, opts, "wait_opts.wo_flags", 4);
	fk_put(k, opts, "wait_opts.wo_pid", pid);
	fk_put(k, opts, "wait_opts.child_wait.private", t->addr);
	fk_put(k, opts, "wait_opts.child_wait.func", fk_func(k, "child_wait_callback"));
	fk_calls(t, "do_wait");
	fk_switch(t, FK_S);
}

void fk_wait_vfork(struct fk_task *t, struct fk_task *child)
{
	struct fakekernel *k = t->k;
	iq_vaddr done;

	fk_calls(t, "__do_sys_vfork", k->flavour == FK_OLD ? "_do_fork" : "kernel_clone");
	done = fk_local(t, "completion");
	fk_task_put(child, "vfork_done", done);
	fk_calls(t, "wait_for_completion_killable", "__wait_for_common", "schedule_timeout");
	fk_switch(t, FK_KILLABLE);
}

/* ---- filesystems ---- */

static iq_vaddr new_dentry(struct fakekernel *k, iq_vaddr sb, iq_vaddr parent, const char *name)
{
	iq_vaddr dentry = fk_alloc(k, "dentry"), inode = fk_alloc(k, "inode");
	iq_vaddr alias = dentry + fk_off(k, "dentry.d_u.d_alias");

	fk_put(k, dentry, "dentry.d_parent", parent ? parent : dentry);
	fk_put(k, dentry, "dentry.d_name.len", strlen(name));
	fk_put(k, dentry, "dentry.d_name.name", fk_str(k, name));
	fk_put(k, dentry, "dentry.d_inode", inode);
	fk_put(k, dentry, "dentry.d_sb", sb);
	fk_put(k, inode, "inode.i_sb", sb);
	fk_put(k, inode, "inode.i_ino", 11);
	fk_put(k, inode, "inode.i_mapping", inode + fk_off(k, "inode.i_data"));
	fk_put(k, inode, "inode.i_data.host", inode);
	fk_put(k, inode, "inode.i_dentry.first", alias);
	fk_u64(k, alias + 8, inode + fk_off(k, "inode.i_dentry"));
	fk_init_rwsem(k, inode + fk_off(k, "inode.i_rwsem"));
	fk_init_rwsem(k, inode + fk_off(k, "inode.i_data.invalidate_lock"));
	fk_init_rwsem(k, inode + fk_off(k, "inode.i_data.i_mmap_rwsem"));
	return dentry;
}

static void new_mount(struct fakekernel *k, iq_vaddr sb, iq_vaddr root, const char *device,
		      const char *path)
{
	iq_vaddr mount = fk_alloc(k, "mount"), node;

	fk_put(k, mount, "mount.mnt.mnt_sb", sb);
	fk_put(k, mount, "mount.mnt.mnt_root", root);
	fk_put(k, mount, "mount.mnt_devname", fk_str(k, device));
	if (!k->root_mount) {
		k->root_mount = mount;
		k->root_dentry = root;
		fk_put(k, mount, "mount.mnt_parent", mount);
		fk_put(k, mount, "mount.mnt_mountpoint", root);
	} else {
		fk_put(k, mount, "mount.mnt_parent", k->root_mount);
		fk_put(k, mount, "mount.mnt_mountpoint",
		       new_dentry(k, fk_get(k, k->root_mount, "mount.mnt.mnt_sb"), k->root_dentry,
				  path + 1));
	}
	if (k->flavour == FK_OLD) {
		fk_list_add_tail(k, k->mnt_ns + fk_off(k, "mnt_namespace.list"),
				 mount + fk_off(k, "mount.mnt_list"));
		return;
	}
	node = mount + fk_off(k, "mount.mnt_node");
	if (k->last_mnt_node)
		fk_put(k, k->last_mnt_node, "rb_node.rb_right", node);
	else
		fk_put(k, k->mnt_ns, "mnt_namespace.mounts.rb_node", node);
	k->last_mnt_node = node;
}

iq_vaddr fk_sb(struct fakekernel *k, const char *fstype, const char *device, const char *mount)
{
	iq_vaddr sb = fk_alloc(k, "super_block"), type = fk_alloc(k, "file_system_type");
	iq_vaddr bdev = fk_alloc(k, "block_device"), root;
	const char *id = strrchr(device, '/');

	fk_put(k, type, "file_system_type.name", fk_str(k, fstype));
	fk_put(k, sb, "super_block.s_type", type);
	fk_put(k, sb, "super_block.s_dev", 254 << 20 | k->next_dev);
	k->next_dev += 16;
	fk_put(k, sb, "super_block.s_bdev", bdev);
	id = id ? id + 1 : device;
	fk_write(k, sb + fk_off(k, "super_block.s_id"), id, strlen(id) + 1);
	fk_init_rwsem(k, sb + fk_off(k, "super_block.s_umount"));
	for (unsigned level = 0; level < 3; level++)
		fk_init_percpu_rwsem(k, fk_sb_level(k, sb, level));
	fk_list_add_tail(k, fk_data(k, "super_blocks", 16), sb + fk_off(k, "super_block.s_list"));
	root = new_dentry(k, sb, 0, "/");
	fk_put(k, sb, "super_block.s_root", root);
	if (mount)
		new_mount(k, sb, root, device, mount);
	return sb;
}

iq_vaddr fk_sb_level(struct fakekernel *k, iq_vaddr sb, unsigned level)
{
	return sb + fk_off(k, "super_block.s_writers.rw_sem") +
	       level * fk_size(k, "percpu_rw_semaphore");
}

void fk_freeze(struct fakekernel *k, iq_vaddr sb)
{
	fk_put(k, sb, "super_block.s_writers.frozen", 4);
	for (unsigned level = 0; level < 3; level++)
		fk_put(k, fk_sb_level(k, sb, level), "percpu_rw_semaphore.block.counter", 1);
	if (k->flavour != FK_OLD)
		fk_put(k, sb, "super_block.s_writers.freeze_ucount", 1);
}

iq_vaddr fk_inode(struct fakekernel *k, iq_vaddr sb, const char *name)
{
	iq_vaddr dentry = new_dentry(k, sb, fk_get(k, sb, "super_block.s_root"), name);

	return fk_get(k, dentry, "dentry.d_inode");
}

iq_vaddr fk_file(struct fakekernel *k, iq_vaddr inode)
{
	iq_vaddr file = fk_alloc(k, "file");

	fk_put(k, file, "file.f_inode", inode);
	fk_put(k, file, "file.f_path.dentry",
	       fk_get(k, inode, "inode.i_dentry.first") - fk_off(k, "dentry.d_u.d_alias"));
	fk_init_mutex(k, file + fk_off(k, "file.f_pos_lock"));
	return file;
}

void fk_fd(struct fk_task *t, unsigned fd, iq_vaddr file)
{
	struct fakekernel *k = t->k;
	iq_vaddr files = fk_task_get(t, "files"), fdt;

	if (!files) {
		files = fk_alloc(k, "files_struct");
		fdt = fk_alloc(k, "fdtable");
		fk_put(k, fdt, "fdtable.max_fds", 64);
		fk_put(k, fdt, "fdtable.fd", fk_heap(k, 64 * 8));
		fk_put(k, files, "files_struct.fdt", fdt);
		fk_task_put(t, "files", files);
	}
	fdt = fk_get(k, files, "files_struct.fdt");
	fk_u64(k, fk_get(k, fdt, "fdtable.fd") + 8 * fd, file);
}

/* ---- address spaces ---- */

iq_vaddr fk_vma(struct fk_task *t, uint64_t start, uint64_t len, iq_vaddr file)
{
	struct fakekernel *k = t->k;
	iq_vaddr vma = fk_alloc(k, "vm_area_struct"), lock;

	fk_put(k, vma, "vm_area_struct.vm_start", start);
	fk_put(k, vma, "vm_area_struct.vm_end", start + len);
	fk_put(k, vma, "vm_area_struct.vm_mm", fk_mm(t));
	fk_put(k, vma, "vm_area_struct.vm_file", file);
	if (k->flavour == FK_MID) {
		lock = fk_alloc(k, "vma_lock");
		fk_init_rwsem(k, lock + fk_off(k, "vma_lock.lock"));
		fk_put(k, vma, "vm_area_struct.vm_lock", lock);
	}
	if (k->flavour == FK_NEW)
		fk_put(k, vma, "vm_area_struct.vm_refcnt.refs.counter", 1);
	return vma;
}

void fk_write_fault(struct fk_task *t, iq_vaddr vma)
{
	struct fakekernel *k = t->k;

	if (k->flavour == FK_OLD)
		fk_rwsem_take_read(t, fk_mm(t) + fk_off(k, "mm_struct.mmap_lock"));
	else if (k->flavour == FK_MID)
		fk_rwsem_take_read(t, fk_get(k, vma, "vm_area_struct.vm_lock") +
					      fk_off(k, "vma_lock.lock"));
	else
		fk_put(k, vma, "vm_area_struct.vm_refcnt.refs.counter",
		       fk_get(k, vma, "vm_area_struct.vm_refcnt.refs.counter") + 1);
	fk_calls(t, "asm_exc_page_fault", "exc_page_fault", "do_user_addr_fault", "handle_mm_fault",
		 "__handle_mm_fault");
	fk_word(t, vma);
	fk_calls(t, "do_fault", "do_page_mkwrite");
}

void fk_wait_vma(struct fk_task *t, iq_vaddr vma)
{
	struct fakekernel *k = t->k;

	fk_rwsem_take_write(t, fk_mm(t) + fk_off(k, "mm_struct.mmap_lock"));
	fk_calls(t, "__vma_start_write");
	fk_word(t, vma);
	if (k->flavour == FK_MID) {
		fk_wait_write(t,
			      fk_get(k, vma, "vm_area_struct.vm_lock") + fk_off(k, "vma_lock.lock"),
			      false);
		return;
	}
	fk_put(k, vma, "vm_area_struct.vm_refcnt.refs.counter",
	       fk_get(k, vma, "vm_area_struct.vm_refcnt.refs.counter") | VMA_EXCLUSIVE);
	fk_put(k, fk_mm(t), "mm_struct.vma_writer_wait.task", t->addr);
	fk_calls(t, "__vma_start_exclude_readers");
	fk_switch(t, FK_D);
}
