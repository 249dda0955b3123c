/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_DEVICE_FILTER_H
#define OCI_VTPM_DEVICE_FILTER_H

/*
 * Device filters of cgroup v2 as BPF instructions: pure computation, no
 * system call.
 *
 * A filter is a BPF_PROG_TYPE_CGROUP_DEVICE program.  It gets a struct
 * bpf_cgroup_dev_ctx and returns 1 to allow and 0 to deny.  All filters of a
 * cgroup and of those above it must allow, so another device is allowed only
 * by changing each filter.
 */

#include <linux/bpf.h>

#include "device_number.h"
#include "error.h"

/* The most devices one rule can name, and the most instructions of a program
   (the kernel's BPF_COMPLEXITY_LIMIT_INSNS).  */
#define VTPM_DEVICE_FILTER_NUMBERS_MAX 64
#define VTPM_DEVICE_FILTER_INSNS_MAX 1000000

/* Makes a filter that allows reading and writing of the COUNT character
   devices NUMBERS (but not mknod), and decides everything else as ORIGINAL
   does.

   ORIGINAL is what the kernel shows of a loaded filter
   (bpf_prog_info.xlated_prog_insns), which it takes back as it is but for two
   things.  Constants that were blinded (net.core.bpf_jit_harden) are restored.
   A call of a helper or a reference to a map has lost its meaning, and is an
   error with errno value ENOTSUP.

   The caller frees *FILTER.  */
int vtpm_device_filter_build (const struct vtpm_device_number *numbers, size_t count,
                              const struct bpf_insn *original, size_t original_count,
                              struct bpf_insn **filter, size_t *filter_count,
                              struct vtpm_error **error);

#endif
