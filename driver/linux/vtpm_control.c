// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * The vTPM proxy: TPM devices whose commands a process answers.
 *
 * A module that stands in for the kernel's own tpm_vtpm_proxy, with the same name and the same
 * interface: <linux/vtpm_proxy.h>, Documentation/security/tpm/tpm_vtpm_proxy.rst. This file is
 * the device /dev/vtpmx and the module. vtpm_exchange.c has what the two sides of a pair
 * say to each other.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kdev_t.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vtpm_proxy.h>

#include "vtpm_proxy_device.h"

static void describe(const struct tpm_chip *chip, int fd,
		     struct vtpm_proxy_new_dev *request)
{
	request->fd = fd;
	request->tpm_num = chip->dev_num;
	request->major = MAJOR(chip->dev.devt);
	request->minor = MINOR(chip->dev.devt);
}

/*
 * The descriptor comes last: once it is there another thread may close it, and with it the
 * pair. It starts when nothing can fail any more.
 */
static long new_device(struct vtpm_proxy_new_dev __user *argument)
{
	struct vtpm_proxy_new_dev request;
	struct vtpm_proxy *proxy;
	struct file *file;
	int fd;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (request.flags & ~VTPM_PROXY_FLAG_TPM2)
		return -EOPNOTSUPP;
	fd = get_unused_fd_flags(O_RDWR);
	if (fd < 0)
		return fd;
	file = vtpm_server_open(request.flags & VTPM_PROXY_FLAG_TPM2, &proxy);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	describe(proxy->chip, fd, &request);
	if (copy_to_user(argument, &request, sizeof(request))) {
		put_unused_fd(fd);
		fput(file);
		return -EFAULT;
	}
	vtpm_chip_start(proxy);
	fd_install(fd, file);
	return 0;
}

static long control_ioctl(struct file *file, unsigned int command,
			  unsigned long argument)
{
	if (command != VTPM_PROXY_IOC_NEW_DEV)
		return -ENOTTY;
	return new_device((struct vtpm_proxy_new_dev __user *)argument);
}

static const struct file_operations control_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice control = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vtpmx",
	.fops = &control_operations,
};

static int __init control_init(void)
{
	int rc = vtpm_chip_init();

	if (rc)
		return rc;
	rc = misc_register(&control);
	if (rc)
		vtpm_chip_exit();
	return rc;
}

static void __exit control_exit(void)
{
	misc_deregister(&control);
	vtpm_chip_exit();
}

module_init(control_init);
module_exit(control_exit);

MODULE_AUTHOR("The oci-vtpm authors");
MODULE_DESCRIPTION("vTPM proxy of oci-vtpm: TPM devices whose commands a process answers");
MODULE_LICENSE("GPL");
