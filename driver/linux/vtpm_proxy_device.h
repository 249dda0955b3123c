/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * A device pair. vtpm_chip.c is the client's side, the TPM core's view of it;
 * vtpm_server.c the server's file; vtpm_control.c makes pairs. The header is not called
 * vtpm_proxy.h because <linux/vtpm_proxy.h> is, and programs search driver/ first.
 */
#ifndef VTPM_PROXY_DEVICE_H
#define VTPM_PROXY_DEVICE_H

#include <linux/fs.h>
#include <linux/tpm.h>
#include <linux/workqueue.h>

#include "vtpm_exchange.h"

/**
 * struct vtpm_proxy - a device pair; belongs to the server's file
 * @exchange:	between the two sides
 * @chip:	the client's side; we hold a reference
 * @registration: makes @chip a device
 * @registered:	@registration succeeded; written there, read when it is over
 * @has_locality: the TPM has confirmed locality 0; written and read under the core's locks
 * @flags:	VTPM_PROXY_ANSWERS: the server has answered, @registration may be queued
 */
struct vtpm_proxy {
	struct vtpm_exchange exchange;
	struct tpm_chip *chip;
	struct work_struct registration;
	bool registered;
	bool has_locality;
	unsigned long flags;
};

#define VTPM_PROXY_ANSWERS 0

int vtpm_chip_create(struct vtpm_proxy *proxy, bool tpm2);
void vtpm_chip_start(struct vtpm_proxy *proxy);
void vtpm_chip_answered(struct vtpm_proxy *proxy);
void vtpm_chip_remove(struct vtpm_proxy *proxy);
int vtpm_chip_init(void);
void vtpm_chip_exit(void);

struct file *vtpm_server_open(bool tpm2, struct vtpm_proxy **made);

#endif
