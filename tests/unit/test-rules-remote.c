/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for servers on other machines, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"

/* Asleep on a queue: what wait_event() leaves. */
static void wait_on_queue(struct fk_task *t, iq_vaddr head, const char *type, const char *func)
{
	struct fakekernel *k = t->k;
	iq_vaddr entry = fk_local(t, type);

	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, func));
	fk_list_add_tail(k, head + fk_off(k, "wait_queue_head.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, 2);
}

static const struct iq_cause *only_cause(const struct iq_why *why)
{
	assert_int_equal(why->causes->list.num, 1);
	return why->causes->list.data[0];
}

/* ---- SMB ---- */

enum { CIFS_GOOD = 1, NEED_RECONNECT = 3, CREATE = 5, LOCK = 10, CHANGE_NOTIFY = 15 };

static iq_vaddr smb_server(struct fakekernel *k, uint64_t status)
{
	iq_vaddr s = fk_alloc(k, "TCP_Server_Info");
	/* AF_INET, port 445, 10.9.9.2 */
	static const uint8_t address[8] = { 2, 0, 445 >> 8, 445 & 255, 10, 9, 9, 2 };

	fk_put(k, s, "TCP_Server_Info.tcpStatus", status);
	fk_put(k, s, "TCP_Server_Info.hostname", fk_str(k, "files"));
	fk_write(k, s + fk_off(k, "TCP_Server_Info.dstaddr"), address, sizeof(address));
	fk_list_init(k, s + fk_off(k, "TCP_Server_Info.response_q.head"));
	fk_list_init(k, s + fk_off(k, "TCP_Server_Info.pending_mid_q"));
	return s;
}

static struct fk_task *asks(struct fakekernel *k, int32_t pid, iq_vaddr server, uint64_t command)
{
	struct fk_task *t = fk_task(k, pid, "ls");
	iq_vaddr mid = fk_alloc(k, "mid_q_entry");

	fk_put(k, mid, "mid_q_entry.creator", t->addr);
	fk_put(k, mid, "mid_q_entry.command", command);
	fk_list_add_tail(k, server + fk_off(k, "TCP_Server_Info.pending_mid_q"),
			 mid + fk_off(k, "mid_q_entry.qhead"));
	fk_calls(t, "compound_send_recv", "wait_for_response");
	wait_on_queue(t, server + fk_off(k, "TCP_Server_Info.response_q"), "wait_queue_entry",
		      "autoremove_wake_function");
	return t;
}

static void a_request_leads_to_the_smb_server(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);
	const struct iq_cause *cause;

	asks(k, 10, smb_server(k, NEED_RECONNECT), CREATE);
	cause = only_cause(fk_why(k));
	assert_int_equal(cause->kind, IQ_CAUSE_NET_UNREACHABLE);
	assert_string_equal(cause->root->id, "server:10.9.9.2:445");
	assert_int_equal(cause->certainty, IQ_STRONG);
	fakekernel_free(k);
}

static void who_waits_for_news_or_for_a_lock_says_nothing_against_the_server(
	enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);

	asks(k, 10, smb_server(k, CIFS_GOOD), CHANGE_NOTIFY);
	assert_int_equal(fk_why(k)->causes->list.num, 0);
	fakekernel_free(k);
	k = fakekernel_new(flavour);
	asks(k, 10, smb_server(k, CIFS_GOOD), LOCK);
	assert_int_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_UNKNOWN);
	fakekernel_free(k);
}

static void a_queue_of_something_else_is_no_smb_server(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);
	iq_vaddr server = smb_server(k, CIFS_GOOD);

	fk_put(k, server, "TCP_Server_Info.tcpStatus", 4711);
	asks(k, 10, server, CREATE);
	assert_int_not_equal(only_cause(fk_why(k))->kind, IQ_CAUSE_NET_UNREACHABLE);
	fakekernel_free(k);
}

/* ---- NFS ---- */

static iq_vaddr nfs_client(struct fakekernel *k, uint64_t state)
{
	iq_vaddr c = fk_alloc(k, "nfs_client");

	fk_put(k, c, "nfs_client.cl_cons_state", state);
	fk_put(k, c, "nfs_client.cl_hostname", fk_str(k, "10.9.9.2"));
	fk_put(k, c, "nfs_client.cl_net", fk_heap(k, 64));
	return c;
}

static void a_second_mount_waits_for_who_makes_the_client(enum fk_flavour flavour)
{
	struct fakekernel *k = fakekernel_new(flavour);
	iq_vaddr client = nfs_client(k, 2), queue = fk_alloc(k, "wait_queue_head");
	struct fk_task *first = fk_task(k, 10, "mount"), *second = fk_task(k, 11, "mount");
	const struct iq_cause *cause;

	fk_list_init(k, queue + fk_off(k, "wait_queue_head.head"));
	fk_calls(first, "nfs4_init_client", "nfs4_somewhere");
	fk_word(first, client);
	fk_switch(first, 2);
	fk_calls(second, "nfs_get_client", "nfs_wait_client_init_complete");
	fk_word(second, client);
	wait_on_queue(second, queue, "wait_queue_entry", "autoremove_wake_function");
	cause = only_cause(fk_why(k));
	assert_string_equal(cause->root->id, "task:10");
	assert_int_equal(cause->blocked.num, 1);
	fakekernel_free(k);
}

static void a_client_that_is_ready_keeps_nobody_waiting(void **state)
{
	struct fakekernel *k = fakekernel_new(FK_NEW);
	iq_vaddr client = nfs_client(k, 0), queue = fk_alloc(k, "wait_queue_head");
	struct fk_task *second = fk_task(k, 11, "mount");

	(void)state;
	fk_list_init(k, queue + fk_off(k, "wait_queue_head.head"));
	fk_calls(second, "nfs_get_client", "nfs_wait_client_init_complete");
	fk_word(second, client);
	wait_on_queue(second, queue, "wait_queue_entry", "autoremove_wake_function");
	assert_string_equal(only_cause(fk_why(k))->root->id, "task:11");
	fakekernel_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(a_request_leads_to_the_smb_server),
		each_layout(who_waits_for_news_or_for_a_lock_says_nothing_against_the_server),
		each_layout(a_queue_of_something_else_is_no_smb_server),
		each_layout(a_second_mount_waits_for_who_makes_the_client),
		cmocka_unit_test(a_client_that_is_ready_keeps_nobody_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
