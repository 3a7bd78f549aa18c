/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules for servers on other machines, on made kernels of each layout
 */
#include "test.h"

#include "fakekernel.h"
#include "layouts.h"
#include "why-parts.h"

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

static void a_server_on_the_loopback_is_not_to_be_pinged(enum fk_flavour flavour)
{
	static const uint8_t address[8] = { 2, 0, 445 >> 8, 445 & 255, 127, 0, 0, 1 };
	struct fakekernel *k = fakekernel_new(flavour);
	iq_vaddr server = smb_server(k, NEED_RECONNECT);
	const struct iq_cause *cause;

	fk_write(k, server + fk_off(k, "TCP_Server_Info.dstaddr"), address, sizeof(address));
	asks(k, 10, server, CREATE);
	cause = only_cause(fk_why(k));
	assert_int_equal(cause->kind, IQ_CAUSE_NET_UNREACHABLE);
	assert_false((remedy_with(cause, "ping") != NULL) ||
		     (remedy_with(cause, "umount") != NULL));
	assert_non_null(remedy_with(cause, "one of this machine"));
	fakekernel_free(k);
	k = fakekernel_new(flavour);
	asks(k, 10, smb_server(k, NEED_RECONNECT), CREATE);
	assert_non_null(remedy_with(only_cause(fk_why(k)), "ping"));
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

/* ---- NFS, from this machine itself ---- */

/* A client that asks 10.9.9.2, and what it waits for: a call with the number 77. */
struct local {
	struct fakekernel *k;
	iq_vaddr xprt, client, net;
	struct fk_task *reader;
};

static void wait_on_bit(struct fk_task *t, iq_vaddr word, uint64_t bit)
{
	struct fakekernel *k = t->k;
	iq_vaddr e = fk_local(t, "wait_bit_queue_entry"), queue = fk_alloc(k, "wait_queue_head"),
		 entry = e + fk_off(k, "wait_bit_queue_entry.wq_entry");

	fk_list_init(k, queue + fk_off(k, "wait_queue_head.head"));
	fk_put(k, e, "wait_bit_queue_entry.key.flags", word);
	fk_put(k, e, "wait_bit_queue_entry.key.bit_nr", bit);
	fk_put(k, entry, "wait_queue_entry.private", t->addr);
	fk_put(k, entry, "wait_queue_entry.func", fk_func(k, "wake_bit_function"));
	fk_list_add_tail(k, queue + fk_off(k, "wait_queue_head.head"),
			 entry + fk_off(k, "wait_queue_entry.entry"));
	fk_switch(t, FK_D);
}

static void make_local(struct local *l, enum fk_flavour flavour)
{
	struct fakekernel *k = l->k = fakekernel_new(flavour);
	static const uint8_t address[8] = { 2, 0, 2049 >> 8, 2049 & 255, 10, 9, 9, 2 };
	iq_vaddr clnt, rqst;

	fk_types(k, "wait_bit_key { void *flags; s32 bit_nr; u64 timeout; }",
		 "wait_bit_queue_entry { wait_bit_key key; wait_queue_entry wq_entry; }",
		 "kthread { u64 flags; u32 cpu; void *data; }");
	clnt = fk_alloc(k, "rpc_clnt");
	rqst = fk_alloc(k, "rpc_rqst");
	l->xprt = fk_alloc(k, "rpc_xprt");
	l->net = fk_alloc(k, "net");
	l->client = nfs_client(k, 0);
	fk_put(k, l->client, "nfs_client.cl_rpcclient", clnt);
	fk_list_init(k, clnt + fk_off(k, "rpc_clnt.cl_tasks"));
	fk_put(k, clnt, "rpc_clnt.cl_xprt", l->xprt);
	fk_put(k, l->xprt, "rpc_xprt.xprt_net", l->net);
	fk_put(k, l->xprt, "rpc_xprt.address_strings[0]", fk_str(k, "10.9.9.2"));
	fk_write(k, l->xprt + fk_off(k, "rpc_xprt.addr"), address, sizeof(address));
	fk_put(k, rqst, "rpc_rqst.rq_xid", 77);
	fk_put(k, l->xprt, "rpc_xprt.recv_queue.rb_node", rqst + fk_off(k, "rpc_rqst.rq_recv"));
	l->reader = fk_task(k, 100, "ls");
	fk_calls(l->reader, "nfs4_do_open", "nfs4_wait_clnt_recover");
	wait_on_bit(l->reader, l->client + fk_off(k, "nfs_client.cl_state"), 3);
}

/* A network device of that namespace with an address. */
static void own_address(struct local *l, uint8_t last)
{
	struct fakekernel *k = l->k;
	iq_vaddr nets = fk_data(k, "net_namespace_list", 16), dev = fk_alloc(k, "net_device"),
		 in = fk_alloc(k, "in_device"), ifa = fk_alloc(k, "in_ifaddr");
	const uint8_t address[4] = { 10, 9, 9, last };

	fk_list_init(k, nets);
	fk_list_add_tail(k, nets, l->net + fk_off(k, "net.list"));
	fk_list_init(k, l->net + fk_off(k, "net.dev_base_head"));
	fk_list_add_tail(k, l->net + fk_off(k, "net.dev_base_head"),
			 dev + fk_off(k, "net_device.dev_list"));
	fk_write(k, dev + fk_off(k, "net_device.name"), "dummy0", 7);
	fk_put(k, dev, "net_device.ip_ptr", in);
	fk_put(k, in, "in_device.ifa_list", ifa);
	fk_write(k, ifa + fk_off(k, "in_ifaddr.ifa_local"), address, sizeof(address));
}

static struct fk_task *nfsd(struct local *l, int32_t pid, uint32_t xid, bool busy)
{
	struct fakekernel *k = l->k;
	struct fk_task *t = fk_kthread(k, pid, "nfsd");
	iq_vaddr rqstp = fk_alloc(k, "svc_rqst"), kthread = fk_alloc(k, "kthread");

	fk_put(k, rqstp, "svc_rqst.rq_xid", xid);
	fk_put(k, rqstp, "svc_rqst.rq_task", t->addr);
	fk_put(k, kthread, "kthread.data", rqstp);
	fk_task_put(t, fk_has(k, "task_struct.worker_private") ? "worker_private" : "set_child_tid",
		    kthread);
	if (busy)
		fk_calls(t, "kthread", "nfsd", "svc_process", "nfsd_dispatch", "mystery_read");
	else
		fk_calls(t, "kthread", "nfsd", "svc_recv");
	fk_switch(t, busy ? FK_D : FK_IDLE);
	return t;
}

static void the_thread_that_has_the_call_is_the_server(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	struct local l;

	make_local(&l, flavour);
	nfsd(&l, 10, 77, true);
	nfsd(&l, 12, 77, false);
	cause = only_cause(fk_why(l.k));
	assert_string_equal(cause->root->id, "task:10");
	assert_string_equal(fk_chain(l.k, cause), "ls > NFS server 10.9.9.2 (this machine) > nfsd");
	assert_null(remedy_with(cause, "ping"));
	assert_null(remedy_with(cause, "umount"));
	fakekernel_free(l.k);
}

static void a_thread_at_work_on_another_call_is_not_it(enum fk_flavour flavour)
{
	struct local l;
	const struct iq_why *why;

	make_local(&l, flavour);
	nfsd(&l, 11, 78, true);
	why = fk_why(l.k);
	iq_vec_foreach(&why->causes->list, c)
		if (!strcmp((*c)->root->id, "task:11"))
			assert_string_not_equal(fk_blocked(l.k, *c), "100");
	assert_string_equal(iq_graph_find(why->graph, "server:10.9.9.2")->name,
			    "NFS server 10.9.9.2");
	fakekernel_free(l.k);
}

/* svc_rqst.rq_task of another one: what the thread was started with is no svc_rqst. */
static void a_thread_whose_request_is_another_ones_has_none(enum fk_flavour flavour)
{
	struct local l;
	struct fk_task *t, *other;

	make_local(&l, flavour);
	other = fk_kthread(l.k, 20, "other");
	fk_calls(other, "kthread");
	fk_switch(other, FK_IDLE);
	t = nfsd(&l, 10, 77, true);
	fk_put(l.k,
	       fk_get(l.k,
		      fk_task_get(t, fk_has(l.k, "task_struct.worker_private") ? "worker_private"
									       : "set_child_tid"),
		      "kthread.data"),
	       "svc_rqst.rq_task", other->addr);
	assert_string_equal(iq_graph_find(fk_why(l.k)->graph, "server:10.9.9.2")->name,
			    "NFS server 10.9.9.2");
	fakekernel_free(l.k);
}

static void a_call_that_nobody_took_waits_for_all_of_a_busy_server_here(enum fk_flavour flavour)
{
	const struct iq_cause *cause;
	struct local l;

	make_local(&l, flavour);
	own_address(&l, 2);
	nfsd(&l, 11, 78, true);
	cause = only_cause(fk_why(l.k));
	assert_string_equal(cause->root->id, "task:11");
	assert_int_equal(cause->certainty, IQ_LIKELY);
	assert_string_equal(fk_blocked(l.k, cause), "100");
	fakekernel_free(l.k);
}

static void an_idle_thread_says_that_no_call_waits(enum fk_flavour flavour)
{
	struct iq_object *server;
	struct local l;

	make_local(&l, flavour);
	own_address(&l, 2);
	nfsd(&l, 11, 78, true);
	nfsd(&l, 12, 5, false);
	server = iq_graph_find(fk_why(l.k)->graph, "server:10.9.9.2");
	assert_int_equal(server->out.num, 0);
	fakekernel_free(l.k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		each_layout(a_request_leads_to_the_smb_server),
		each_layout(who_waits_for_news_or_for_a_lock_says_nothing_against_the_server),
		each_layout(a_queue_of_something_else_is_no_smb_server),
		each_layout(a_server_on_the_loopback_is_not_to_be_pinged),
		each_layout(a_second_mount_waits_for_who_makes_the_client),
		cmocka_unit_test(a_client_that_is_ready_keeps_nobody_waiting),
		each_layout(the_thread_that_has_the_call_is_the_server),
		each_layout(a_thread_at_work_on_another_call_is_not_it),
		each_layout(a_thread_whose_request_is_another_ones_has_none),
		each_layout(a_call_that_nobody_took_waits_for_all_of_a_busy_server_here),
		each_layout(an_idle_thread_says_that_no_call_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
