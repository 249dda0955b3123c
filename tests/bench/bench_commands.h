/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_BENCH_COMMANDS_H
#define OCI_VTPM_BENCH_COMMANDS_H

/* The TPM 2.0 commands that the benchmarks send, as they are on the wire.  */

#include <stddef.h>
#include <stdint.h>

struct bench_command
{
  const char *name; /* in the results */
  size_t size;
  const char *bytes;
};

/* GetRandom of 32 bytes, PCR_Read of PCR 0, PCR_Extend of PCR 16, the one for
   debugging.  */
#define BENCH_COMMANDS 3

extern const struct bench_command bench_commands[BENCH_COMMANDS];

/* Make an ordinary NV index of eight bytes, the owner's, and write to it.  */
extern const struct bench_command bench_nv_define;
extern const struct bench_command bench_nv_write;

/* Copies COMMAND to where there is room for VTPM_TPM_MESSAGE_MAX bytes.  What
   NV_Write writes is another value each time: what is written again as it was
   changes nothing, and need not be kept.  */
void bench_command_copy (const struct bench_command *command, uint8_t *bytes);

#endif
