// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * The client's side: a TPM chip whose commands go into the exchange.
 *
 * The core calls send(), then looks at status() until the response is there, and sleeps
 * a millisecond between looks; then it calls recv(). Our send() returns when the response is
 * there, so the first look finds it.
 *
 * All operations run with the core's locks for the chip, one at a time. They may
 * run until detach_chip() returns, and the exchange must have ended before that is called:
 * it waits for a client that waits for the server.
 *
 * Registration, in which the core asks the TPM half a dozen things, is done by
 * workers, as many at a time as there are processors: a host that starts fifty containers at
 * once would not answer in time otherwise, and the core drops a device that is late. So that
 * a worker does not wait for a server that is not ready, or never will be, registration begins when
 * the server has answered the first command, which is ours.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/vtpm_proxy.h>

#include "vtpm_proxy_device.h"
#include "vtpm_proxy_compat.h"

#define RESPONSE_COMPLETE 1

static struct workqueue_struct *registrations;

static struct vtpm_proxy *proxy_of(struct tpm_chip *chip)
{
	return dev_get_drvdata(&chip->dev);
}

static u32 ordinal_of(const u8 *command, size_t length)
{
	const struct tpm_header *header = (const void *)command;

	return length < sizeof(*header) ? 0 : be32_to_cpu(header->ordinal);
}

/*
 * The command that sets the locality is the driver's own: the server believes it. A client that
 * sends it is refused; both kinds of TPM have it under one number.
 */
static int vtpm_send(struct tpm_chip *chip, u8 *command,
		     VTPM_SEND_BUFSIZ_PARAMETER size_t length)
{
	struct vtpm_exchange *exchange = &proxy_of(chip)->exchange;
	u32 ordinal = ordinal_of(command, length);
	int rc;

	BUILD_BUG_ON(TPM2_CC_SET_LOCALITY != TPM_ORD_SET_LOCALITY);
	if (length > TPM_BUFSIZE)
		return -EIO;
	if (ordinal == TPM2_CC_SET_LOCALITY)
		return -EFAULT;
	rc = vtpm_exchange_send(exchange, command, length);
	return rc ?: vtpm_exchange_await(exchange,
			tpm_calc_ordinal_duration(chip, ordinal));
}

static int vtpm_recv(struct tpm_chip *chip, u8 *response, size_t size)
{
	return vtpm_exchange_receive(&proxy_of(chip)->exchange, response, size);
}

static u8 vtpm_status(struct tpm_chip *chip)
{
	if (vtpm_exchange_answered(&proxy_of(chip)->exchange))
		return RESPONSE_COMPLETE;
	return 0;
}

/* Without a response send() has failed, and nobody asks. */
static bool vtpm_req_canceled(struct tpm_chip *chip, u8 status)
{
	return status != RESPONSE_COMPLETE;
}

/* From sysfs only, and only when no command is in flight. */
static void vtpm_cancel(struct tpm_chip *chip)
{
}

/*
 * The core asks, always for locality 0, when it does not know the locality: before the first
 * command. By then the server has answered what vtpm_chip_start() sent; that it is told once
 * is up to us.
 */
static int vtpm_request_locality(struct tpm_chip *chip, int locality)
{
	struct vtpm_proxy *proxy = proxy_of(chip);
	struct tpm_header response;
	ssize_t rc;

	if (proxy->has_locality)
		return 0;
	rc = vtpm_exchange_receive(&proxy->exchange, (u8 *)&response,
				   sizeof(response));
	if (rc < 0)
		return rc;
	if (rc < sizeof(response) || response.return_code) {
		dev_err(&chip->dev, "the TPM refuses locality 0\n");
		return -EPERM;
	}
	proxy->has_locality = true;
	return 0;
}

static const struct tpm_class_ops chip_ops = {
	.flags = TPM_OPS_AUTO_STARTUP,
	.send = vtpm_send,
	.recv = vtpm_recv,
	.status = vtpm_status,
	.req_complete_mask = RESPONSE_COMPLETE,
	.req_complete_val = RESPONSE_COMPLETE,
	.req_canceled = vtpm_req_canceled,
	.cancel = vtpm_cancel,
	.request_locality = vtpm_request_locality,
};

/* Talks to the TPM, so it takes as long as the server likes. */
static void register_chip(struct work_struct *work)
{
	struct vtpm_proxy *proxy = container_of(work, struct vtpm_proxy,
						registration);

	proxy->registered = !tpm_chip_register(proxy->chip);
	if (!proxy->registered)
		vtpm_exchange_end(&proxy->exchange);
}

/**
 * vtpm_chip_create - make a chip that is not a device yet
 * @proxy:	gets it
 * @tpm2:	whether it is a TPM 2.0; else 1.2
 *
 * Return: 0, -ENOMEM, or -ENOSPC when the core has no number left
 */
int vtpm_chip_create(struct vtpm_proxy *proxy, bool tpm2)
{
	struct tpm_chip *chip = tpm_chip_alloc(NULL, &chip_ops);

	if (IS_ERR(chip))
		return PTR_ERR(chip);
	/* The host's entropy is not to come from a container. */
	chip->flags |= VTPM_CHIP_FLAG_NO_HWRNG;
	if (tpm2)
		chip->flags |= TPM_CHIP_FLAG_TPM2;
	dev_set_drvdata(&chip->dev, proxy);
	proxy->chip = chip;
	INIT_WORK(&proxy->registration, register_chip);
	return 0;
}

/**
 * vtpm_chip_start - ask the server for locality 0, which begins everything
 * @proxy: whose chip; its exchange has just been made
 */
void vtpm_chip_start(struct vtpm_proxy *proxy)
{
	const bool tpm2 = proxy->chip->flags & TPM_CHIP_FLAG_TPM2;
	const struct {
		struct tpm_header header;
		u8 locality;
	} __packed command = {
		.header.tag = cpu_to_be16(tpm2 ? TPM2_ST_SESSIONS :
						 TPM_TAG_RQU_COMMAND),
		.header.length = cpu_to_be32(sizeof(command)),
		.header.ordinal = cpu_to_be32(TPM2_CC_SET_LOCALITY),
	};

	vtpm_exchange_send(&proxy->exchange, (const u8 *)&command,
			   sizeof(command));
}

/**
 * vtpm_chip_answered - the server has answered something
 * @proxy: whose chip
 *
 * After the first answer a worker makes the chip a device. If that fails the exchange ends.
 */
void vtpm_chip_answered(struct vtpm_proxy *proxy)
{
	if (!test_and_set_bit(VTPM_PROXY_ANSWERS, &proxy->flags))
		queue_work(registrations, &proxy->registration);
}

/*
 * Nothing of the chip calls us any more. tpm_chip_unregister() would see to that, but must not be
 * called where registration failed late, when somebody may have opened the device that
 * was there for a moment. And where it is called it comes too late: it first frees the
 * chip's table of commands, which a command on an open /dev/tpmrmN still looks into.
 */
static void detach_chip(struct tpm_chip *chip)
{
	down_write(&chip->ops_sem);
	chip->ops = NULL;
	up_write(&chip->ops_sem);
}

/**
 * vtpm_chip_remove - remove the device, if it is one, and release the chip
 * @proxy: whose chip; nothing calls into it after that
 */
void vtpm_chip_remove(struct vtpm_proxy *proxy)
{
	/* First of all: whoever waits for the server holds what we need. */
	vtpm_exchange_end(&proxy->exchange);
	cancel_work_sync(&proxy->registration);
	detach_chip(proxy->chip);
	if (proxy->registered)
		tpm_chip_unregister(proxy->chip);
	put_device(&proxy->chip->dev);
}

/**
 * vtpm_chip_init - at the module's start
 *
 * Return: 0 or -ENOMEM
 */
int vtpm_chip_init(void)
{
	registrations = alloc_workqueue("vtpm-register", WQ_UNBOUND,
					num_online_cpus());
	return registrations ? 0 : -ENOMEM;
}

/**
 * vtpm_chip_exit - at the module's end, when there is no device pair
 */
void vtpm_chip_exit(void)
{
	destroy_workqueue(registrations);
}
