/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (c) 2026 The oci-vtpm authors */
/*
 * All that depends on which kernel this is built for. Kbuild looks into that kernel's
 * headers for what distributions take over into older versions, and says what it found as
 * VTPM_HAVE_*; a version number would not tell.
 */
#ifndef VTPM_PROXY_COMPAT_H
#define VTPM_PROXY_COMPAT_H

#include <linux/tpm.h>

/*
 * The TPM core exports these to drivers, but declares them in drivers/char/tpm/tpm.h, which
 * is not among the headers that a kernel is shipped with. A signature that changes shows when
 * the module is loaded into a kernel with CONFIG_MODVERSIONS, which Debian's have.
 */
struct tpm_chip *tpm_chip_alloc(struct device *dev,
				const struct tpm_class_ops *ops);
int tpm_chip_register(struct tpm_chip *chip);
void tpm_chip_unregister(struct tpm_chip *chip);
unsigned long tpm_calc_ordinal_duration(struct tpm_chip *chip, u32 ordinal);

/* The longest command and the longest response that the core handles; same header. */
#ifndef TPM_BUFSIZE
#define TPM_BUFSIZE 4096
#endif

/* From there, too: what a TPM 1.2 command begins with. */
#ifndef TPM_TAG_RQU_COMMAND
#define TPM_TAG_RQU_COMMAND 193
#endif

/* Without it the host takes entropy from the vTPM, as it does with the in-tree driver. */
#ifdef VTPM_HAVE_HWRNG_DISABLED
#define VTPM_CHIP_FLAG_NO_HWRNG TPM_CHIP_FLAG_HWRNG_DISABLED
#else
#define VTPM_CHIP_FLAG_NO_HWRNG 0
#endif

/* The core began to tell send() how large the buffer around the command is. */
#ifdef VTPM_HAVE_SEND_BUFSIZ
#define VTPM_SEND_BUFSIZ_PARAMETER size_t bufsiz,
#else
#define VTPM_SEND_BUFSIZ_PARAMETER
#endif

#endif
