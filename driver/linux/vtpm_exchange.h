/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * The exchange between the two sides of a device pair: one command at a time from the
 * client, which is the TPM core, to the server, and its response back. vtpm_exchange.c says
 * how it works. It knows nothing of files, chips and TPM commands.
 */
#ifndef VTPM_EXCHANGE_H
#define VTPM_EXCHANGE_H

#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

/**
 * enum vtpm_exchange_state - where the one command is
 * @VTPM_IDLE:		there is none
 * @VTPM_QUEUED:	the server may read it, the client waits
 * @VTPM_TAKEN:		the server has it, the client waits
 * @VTPM_ANSWERED:	the response is there, the client has yet to fetch it
 * @VTPM_QUEUED_ABANDONED: the server may read it, nobody waits any more
 * @VTPM_TAKEN_ABANDONED: the server has it, nobody waits any more
 */
enum vtpm_exchange_state {
	VTPM_IDLE,
	VTPM_QUEUED,
	VTPM_TAKEN,
	VTPM_ANSWERED,
	VTPM_QUEUED_ABANDONED,
	VTPM_TAKEN_ABANDONED,
};

/**
 * struct vtpm_exchange - a command's way to the server and its response's way back
 * @lock:	protects all up to @message. Nothing sleeps under it
 * @state:	where the command is
 * @dead:	one side is gone for good; never reset
 * @unresponsive: a command was abandoned, and the server has not moved since
 * @number:	which command this is, to tell it from the next
 * @length:	of what is in @message
 * @message:	the command, or its response; TPM_BUFSIZE bytes
 * @client:	where the client waits for the response
 * @server:	where the server waits for a command, or polls
 * @staging_lock: protects @staging. Only the server takes it, and may sleep in a page fault
 *		of its own with it
 * @staging:	between @message and the server's memory; TPM_BUFSIZE bytes
 */
struct vtpm_exchange {
	spinlock_t lock; /* of all up to message */
	enum vtpm_exchange_state state;
	bool dead;
	bool unresponsive;
	u32 number;
	size_t length;
	u8 *message;

	wait_queue_head_t client;
	wait_queue_head_t server;

	struct mutex staging_lock; /* the server's own */
	u8 *staging;
};

int vtpm_exchange_init(struct vtpm_exchange *exchange);
void vtpm_exchange_destroy(struct vtpm_exchange *exchange);
void vtpm_exchange_end(struct vtpm_exchange *exchange);

int vtpm_exchange_send(struct vtpm_exchange *exchange, const u8 *command,
		       size_t length);
int vtpm_exchange_await(struct vtpm_exchange *exchange, unsigned long limit);
ssize_t vtpm_exchange_receive(struct vtpm_exchange *exchange, u8 *response,
			      size_t size);
bool vtpm_exchange_answered(struct vtpm_exchange *exchange);

ssize_t vtpm_exchange_read(struct vtpm_exchange *exchange, char __user *command,
			   size_t size, bool may_wait);
ssize_t vtpm_exchange_write(struct vtpm_exchange *exchange,
			    const char __user *response, size_t length);
__poll_t vtpm_exchange_poll(struct vtpm_exchange *exchange, struct file *file,
			    poll_table *wait);

#endif
