// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * One command to the server, one response back.
 *
 * States
 *
 * A row is a state, a column what happens in it; a cell the state after it, or what the
 * caller gets instead.
 *
 *                     send     read               write     receive  give up
 *   IDLE              QUEUED   waits              EIO       EIO      -
 *   QUEUED            -        TAKEN              EIO       -        QUEUED_ABANDONED
 *   TAKEN             -        waits              ANSWERED  -        TAKEN_ABANDONED
 *   ANSWERED          QUEUED   waits              EIO       IDLE     -
 *   QUEUED_ABANDONED  QUEUED   TAKEN_ABANDONED    EIO       EIO      -
 *   TAKEN_ABANDONED   QUEUED   waits              IDLE      EIO      -
 *
 * The TPM core serialises its commands, so there is one client at a time and some cells
 * cannot be reached ("-"). The server is whoever has the file: any number of threads.
 *
 * In any state the exchange may end (@dead): the server has closed its file, or the TPM
 * core does not want the device. Then send and read say EPIPE, write says EPIPE, and a client
 * that waits gets ECANCELED. Only a response that was written before is still delivered:
 * its write has said that it was.
 *
 * A command that nobody waits for any more can still be read: a server that has
 * seen POLLIN may read without being held up. If it has been read, one response is
 * accepted and thrown away. When another command has been sent meanwhile, that response is
 * refused with EIO; once the server has read that one, too, nothing tells a response to the
 * former from one to the latter. A server that answers what it reads in the order in which
 * it reads it never gets there.
 *
 * Giving up
 *
 * A client waits for as long as the TPM core grants the command, then gives up (ETIME).
 * When it gets a fatal signal it does not leave at once, though nobody will look at
 * the response. For a client of the resource manager the core has loaded objects into the TPM,
 * and flushes them by further commands when this one fails. All of them would be sent by
 * the same dying task: if each failed at once, the objects would stay, and the TPM has three
 * slots for them. A TPM that works answers in milliseconds. So the dying client waits on, no
 * longer to be killed, for VTPM_KILLED_GRACE at most for each command, within the command's limit.
 *
 * Not so if the server is known to be unresponsive: a command has been given up, and
 * the server has neither read nor answered one since. Then nothing will be flushed anyway,
 * and a killed client leaves at once (EINTR). So a server that hangs costs a task that is
 * killed the grace once, not once for each command.
 *
 * The limit of this: a command that rightly takes longer than the grace, such as the making
 * of a large RSA key, is given up while the TPM works on it. What the core flushes then it
 * may not find flushed. And a server that answers each command just within the
 * grace holds up a killed client for as many times as the core has things to flush.
 *
 * Locking
 *
 * The spinlock is held for the length of one memcpy of TPM_BUFSIZE bytes at most.
 * The server's memory is touched only between that and staging, under a mutex
 * that no client takes: a server that is stopped in a page fault (userfaultfd, FUSE, NFS)
 * stops nobody else, and what faults has changed nothing. A read takes the command only
 * after it is in the server's memory, and only if it is still the one that is to be read.
 */
#include "vtpm_exchange.h"

#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vtpm_proxy_compat.h"

#define VTPM_KILLED_GRACE (10 * HZ)

/**
 * vtpm_exchange_init - make an exchange ready for its first command
 * @exchange: zeroed
 *
 * Return: 0, or -ENOMEM
 */
int vtpm_exchange_init(struct vtpm_exchange *exchange)
{
	spin_lock_init(&exchange->lock);
	init_waitqueue_head(&exchange->client);
	init_waitqueue_head(&exchange->server);
	mutex_init(&exchange->staging_lock);
	exchange->message = kzalloc(TPM_BUFSIZE, GFP_KERNEL);
	exchange->staging = kzalloc(TPM_BUFSIZE, GFP_KERNEL);
	if (exchange->message && exchange->staging)
		return 0;
	vtpm_exchange_destroy(exchange);
	return -ENOMEM;
}

/**
 * vtpm_exchange_destroy - free what vtpm_exchange_init() allocated
 * @exchange: nobody uses it any more
 */
void vtpm_exchange_destroy(struct vtpm_exchange *exchange)
{
	mutex_destroy(&exchange->staging_lock);
	kfree_sensitive(exchange->message);
	kfree_sensitive(exchange->staging);
}

/**
 * vtpm_exchange_end - no further command, no further response
 * @exchange: may have ended already
 *
 * Wakes everybody who waits.
 */
void vtpm_exchange_end(struct vtpm_exchange *exchange)
{
	spin_lock(&exchange->lock);
	WRITE_ONCE(exchange->dead, true);
	spin_unlock(&exchange->lock);
	wake_up_all(&exchange->client);
	wake_up_all(&exchange->server);
}

static bool is_readable(const struct vtpm_exchange *exchange)
{
	enum vtpm_exchange_state state = READ_ONCE(exchange->state);

	return state == VTPM_QUEUED || state == VTPM_QUEUED_ABANDONED;
}

static bool is_writable(const struct vtpm_exchange *exchange)
{
	return exchange->state == VTPM_TAKEN ||
	       exchange->state == VTPM_TAKEN_ABANDONED;
}

/* The client's side */

/**
 * vtpm_exchange_send - offer a command to the server
 * @exchange:	the exchange; one that the server has not read is replaced
 * @command:	the command
 * @length:	its length, at most TPM_BUFSIZE
 *
 * Return: 0, or -EPIPE if the exchange has ended
 */
int vtpm_exchange_send(struct vtpm_exchange *exchange, const u8 *command,
		       size_t length)
{
	spin_lock(&exchange->lock);
	if (exchange->dead) {
		spin_unlock(&exchange->lock);
		return -EPIPE;
	}
	memcpy(exchange->message, command, length);
	exchange->length = length;
	exchange->number++;
	WRITE_ONCE(exchange->state, VTPM_QUEUED);
	spin_unlock(&exchange->lock);
	wake_up_interruptible_poll(&exchange->server, EPOLLIN | EPOLLRDNORM);
	return 0;
}

static bool wait_is_over(const struct vtpm_exchange *exchange)
{
	return READ_ONCE(exchange->state) == VTPM_ANSWERED ||
	       READ_ONCE(exchange->dead);
}

/*
 * Waits for the response, the end or the limit. Returns -EINTR after a fatal signal, when
 * that ends the wait before. "Giving up" above says why it does not always.
 */
static int wait_for_response(struct vtpm_exchange *exchange,
			     unsigned long limit)
{
	unsigned long now, stop = jiffies + limit;

	if (wait_event_killable_timeout(exchange->client,
					wait_is_over(exchange), limit) >= 0)
		return 0;
	if (READ_ONCE(exchange->unresponsive))
		return -EINTR;
	now = jiffies;
	if (time_after_eq(now, stop))
		return 0;
	limit = min_t(unsigned long, stop - now, VTPM_KILLED_GRACE);
	wait_event_timeout(exchange->client, wait_is_over(exchange), limit);
	return time_before(jiffies, stop) ? -EINTR : 0;
}

/**
 * vtpm_exchange_await - wait for the response to the command that was sent
 * @exchange:	the exchange
 * @limit:	for how long, in jiffies
 *
 * Return: 0 when there is one to receive, -ETIME when there is none after @limit, -EINTR
 * after a fatal signal, -ECANCELED when the exchange has ended
 */
int vtpm_exchange_await(struct vtpm_exchange *exchange, unsigned long limit)
{
	int interrupted = wait_for_response(exchange, limit);
	int rc;

	spin_lock(&exchange->lock);
	if (exchange->state == VTPM_ANSWERED) {
		rc = 0; /* perhaps at the last moment */
	} else if (exchange->dead) {
		rc = -ECANCELED;
	} else {
		rc = interrupted ?: -ETIME;
		WRITE_ONCE(exchange->unresponsive, true);
		WRITE_ONCE(exchange->state, exchange->state == VTPM_QUEUED ?
			   VTPM_QUEUED_ABANDONED : VTPM_TAKEN_ABANDONED);
	}
	spin_unlock(&exchange->lock);
	return rc;
}

/**
 * vtpm_exchange_receive - fetch the response
 * @exchange:	the exchange
 * @response:	where it is to go
 * @size:	for how much there is room
 *
 * A response that is too long is lost.
 *
 * Return: its length; -EIO if it is too long, or if there is none; -EPIPE if there is none
 * and the exchange has ended
 */
ssize_t vtpm_exchange_receive(struct vtpm_exchange *exchange, u8 *response,
			      size_t size)
{
	ssize_t rc;

	spin_lock(&exchange->lock);
	if (exchange->state != VTPM_ANSWERED) {
		rc = exchange->dead ? -EPIPE : -EIO;
	} else {
		rc = exchange->length <= size ? exchange->length : -EIO;
		if (rc > 0)
			memcpy(response, exchange->message, rc);
		memzero_explicit(exchange->message, exchange->length);
		WRITE_ONCE(exchange->state, VTPM_IDLE);
	}
	spin_unlock(&exchange->lock);
	return rc;
}

/**
 * vtpm_exchange_answered - whether there is a response to receive
 * @exchange: the exchange
 *
 * Return: true if there is
 */
bool vtpm_exchange_answered(struct vtpm_exchange *exchange)
{
	return READ_ONCE(exchange->state) == VTPM_ANSWERED;
}

/* The server's side */

/* -EAGAIN means that there is no command. */
static ssize_t stage_command(struct vtpm_exchange *exchange, size_t size,
			     u32 *number)
{
	ssize_t rc;

	spin_lock(&exchange->lock);
	if (exchange->dead) {
		rc = -EPIPE;
	} else if (!is_readable(exchange)) {
		rc = -EAGAIN;
	} else if (exchange->length > size) {
		rc = -EIO;
	} else {
		rc = exchange->length;
		memcpy(exchange->staging, exchange->message, rc);
		*number = exchange->number;
	}
	spin_unlock(&exchange->lock);
	return rc;
}

/* False if that command is not to be read any more. */
static bool take_command(struct vtpm_exchange *exchange, u32 number)
{
	bool taken;

	spin_lock(&exchange->lock);
	taken = exchange->number == number && is_readable(exchange) &&
		!exchange->dead;
	if (taken) {
		memzero_explicit(exchange->message, exchange->length);
		WRITE_ONCE(exchange->unresponsive, false);
		WRITE_ONCE(exchange->state, exchange->state == VTPM_QUEUED ?
			   VTPM_TAKEN : VTPM_TAKEN_ABANDONED);
	}
	spin_unlock(&exchange->lock);
	if (taken)
		wake_up_interruptible_poll(&exchange->server,
					   EPOLLOUT | EPOLLWRNORM);
	return taken;
}

/* -EAGAIN means that there is no command, or another one by now. */
static ssize_t try_to_read(struct vtpm_exchange *exchange,
			   char __user *command, size_t size)
{
	ssize_t length;
	u32 number;

	if (mutex_lock_interruptible(&exchange->staging_lock))
		return -EINTR;
	length = stage_command(exchange, size, &number);
	if (length > 0) {
		unsigned long missing;

		missing = copy_to_user(command, exchange->staging, length);
		memzero_explicit(exchange->staging, length);
		if (missing)
			length = -EFAULT;
		else if (!take_command(exchange, number))
			length = -EAGAIN;
	}
	mutex_unlock(&exchange->staging_lock);
	return length;
}

/**
 * vtpm_exchange_read - move the command into the server's memory
 * @exchange:	the exchange
 * @command:	where it is to go
 * @size:	for how much there is room
 * @may_wait:	whether to wait for one
 *
 * Unless it succeeds the command can be read again.
 *
 * Return: the command's length; -EAGAIN if there is none and it may not wait, -EINTR after a
 * signal, -EIO if there is too little room, -EFAULT, or -EPIPE if the exchange has ended
 */
ssize_t vtpm_exchange_read(struct vtpm_exchange *exchange,
			   char __user *command, size_t size, bool may_wait)
{
	ssize_t length;

	for (;;) {
		length = try_to_read(exchange, command, size);
		if (length != -EAGAIN)
			return length;
		if (is_readable(exchange))
			continue; /* it was replaced while it was copied */
		if (!may_wait)
			return length;
		if (wait_event_interruptible(exchange->server,
					     is_readable(exchange) ||
					     READ_ONCE(exchange->dead)))
			return -EINTR;
	}
}

/* Whether a response would be accepted. */
static int check_writable(struct vtpm_exchange *exchange)
{
	int rc = 0;

	spin_lock(&exchange->lock);
	if (exchange->dead)
		rc = -EPIPE;
	else if (!is_writable(exchange))
		rc = -EIO;
	spin_unlock(&exchange->lock);
	return rc;
}

static int answer(struct vtpm_exchange *exchange, size_t length)
{
	int rc = 0;

	spin_lock(&exchange->lock);
	if (exchange->dead) {
		rc = -EPIPE;
	} else if (exchange->state == VTPM_TAKEN) {
		memcpy(exchange->message, exchange->staging, length);
		exchange->length = length;
		WRITE_ONCE(exchange->state, VTPM_ANSWERED);
	} else if (exchange->state == VTPM_TAKEN_ABANDONED) {
		WRITE_ONCE(exchange->state, VTPM_IDLE);
	} else {
		rc = -EIO;
	}
	if (!rc)
		WRITE_ONCE(exchange->unresponsive, false);
	spin_unlock(&exchange->lock);
	if (!rc)
		wake_up(&exchange->client);
	return rc;
}

/**
 * vtpm_exchange_write - give the client its response
 * @exchange:	the exchange
 * @response:	in the server's memory
 * @length:	its length; what does not look like a response is the client's problem
 *
 * Unless it succeeds the client goes on waiting.
 *
 * Return: @length; -EIO if it is too long or no response is awaited, -EFAULT, -EINTR
 * after a signal, or -EPIPE if the exchange has ended
 */
ssize_t vtpm_exchange_write(struct vtpm_exchange *exchange,
			    const char __user *response, size_t length)
{
	int rc = check_writable(exchange);

	if (rc)
		return rc;
	if (length > TPM_BUFSIZE)
		return -EIO;
	if (mutex_lock_interruptible(&exchange->staging_lock))
		return -EINTR;
	if (copy_from_user(exchange->staging, response, length))
		rc = -EFAULT;
	else
		rc = answer(exchange, length);
	memzero_explicit(exchange->staging, length);
	mutex_unlock(&exchange->staging_lock);
	return rc ?: length;
}

/**
 * vtpm_exchange_poll - what the server could do without waiting
 * @exchange:	the exchange
 * @file:	the server's file
 * @wait:	of the poll
 *
 * Return: EPOLLIN if there is a command to read, EPOLLOUT if a response would be
 * accepted, EPOLLHUP and nothing else if the exchange has ended
 */
__poll_t vtpm_exchange_poll(struct vtpm_exchange *exchange, struct file *file,
			    poll_table *wait)
{
	__poll_t mask = 0;

	poll_wait(file, &exchange->server, wait);
	spin_lock(&exchange->lock);
	if (exchange->dead)
		mask = EPOLLHUP;
	else if (is_readable(exchange))
		mask = EPOLLIN | EPOLLRDNORM;
	else if (is_writable(exchange))
		mask = EPOLLOUT | EPOLLWRNORM;
	spin_unlock(&exchange->lock);
	return mask;
}
