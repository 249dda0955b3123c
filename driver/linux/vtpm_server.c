// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * The server's side: a file, and with its last reference the end of the device pair.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vtpm_proxy_device.h"

static ssize_t server_read(struct file *file, char __user *buffer, size_t size,
			   loff_t *offset)
{
	struct vtpm_proxy *proxy = file->private_data;

	return vtpm_exchange_read(&proxy->exchange, buffer, size,
				  !(file->f_flags & O_NONBLOCK));
}

static ssize_t server_write(struct file *file, const char __user *buffer,
			    size_t length, loff_t *offset)
{
	struct vtpm_proxy *proxy = file->private_data;
	ssize_t rc = vtpm_exchange_write(&proxy->exchange, buffer, length);

	if (rc >= 0)
		vtpm_chip_answered(proxy);
	return rc;
}

static __poll_t server_poll(struct file *file, poll_table *wait)
{
	struct vtpm_proxy *proxy = file->private_data;

	return vtpm_exchange_poll(&proxy->exchange, file, wait);
}

static void free_proxy(struct vtpm_proxy *proxy)
{
	vtpm_chip_remove(proxy);
	vtpm_exchange_destroy(&proxy->exchange);
	kfree(proxy);
}

static int server_release(struct inode *inode, struct file *file)
{
	free_proxy(file->private_data);
	return 0;
}

/* The reference to the module that each file holds is what keeps it loaded. */
static const struct file_operations server_operations = {
	.owner = THIS_MODULE,
	.read = server_read,
	.write = server_write,
	.poll = server_poll,
	.release = server_release,
};

static struct vtpm_proxy *make_proxy(bool tpm2)
{
	struct vtpm_proxy *proxy = kzalloc(sizeof(*proxy), GFP_KERNEL);
	int rc;

	if (!proxy)
		return ERR_PTR(-ENOMEM);
	rc = vtpm_exchange_init(&proxy->exchange);
	if (rc)
		goto err_free;
	rc = vtpm_chip_create(proxy, tpm2);
	if (rc)
		goto err_destroy;
	return proxy;

err_destroy:
	vtpm_exchange_destroy(&proxy->exchange);
err_free:
	kfree(proxy);
	return ERR_PTR(rc);
}

/**
 * vtpm_server_open - make a device pair
 * @tpm2:	whether it is a TPM 2.0; else 1.2
 * @made:	the pair, which belongs to the file and has not been started
 *
 * Return: the server's file, or an error
 */
struct file *vtpm_server_open(bool tpm2, struct vtpm_proxy **made)
{
	struct vtpm_proxy *proxy = make_proxy(tpm2);
	struct file *file;

	if (IS_ERR(proxy))
		return ERR_CAST(proxy);
	file = anon_inode_getfile("[vtpms]", &server_operations, proxy, O_RDWR);
	if (IS_ERR(file))
		free_proxy(proxy);
	else
		*made = proxy;
	return file;
}
