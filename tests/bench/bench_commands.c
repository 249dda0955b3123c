/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "bench_commands.h"

#include <string.h>

/* Tag, size and code, then handles, authorisation and parameters; one string a
   field.  */
/* clang-format off */
#define COMMAND(name, bytes) { name, sizeof (bytes) - 1, bytes }
#define EMPTY_PASSWORD "\0\0\0\x09" "\x40\0\0\x09" "\0\0" "\0" "\0\0"
#define OWNER "\x40\0\0\x01"
#define NV_INDEX "\x01\x50\0\x20"
#define SHA256 "\0\x0b"

const struct bench_command bench_commands[BENCH_COMMANDS] = {
  COMMAND ("GetRandom", "\x80\x01" "\0\0\0\x0c" "\0\0\x01\x7b" "\0\x20"),
  COMMAND ("PCR_Read", "\x80\x01" "\0\0\0\x14" "\0\0\x01\x7e" "\0\0\0\x01" SHA256 "\x03\x01\0\0"),
  COMMAND ("PCR_Extend", "\x80\x02" "\0\0\0\x41" "\0\0\x01\x82" "\0\0\0\x10" EMPTY_PASSWORD
           "\0\0\0\x01" SHA256 "0123456789abcdef0123456789abcdef"),
};

const struct bench_command bench_nv_define
    = COMMAND ("NV_DefineSpace", "\x80\x02" "\0\0\0\x2d" "\0\0\x01\x2a" OWNER EMPTY_PASSWORD
               "\0\0" "\0\x0e" NV_INDEX SHA256 "\0\x02\0\x02" "\0\0" "\0\x08");

const struct bench_command bench_nv_write
    = COMMAND ("NV_Write", "\x80\x02" "\0\0\0\x2b" "\0\0\x01\x37" OWNER NV_INDEX EMPTY_PASSWORD
               "\0\x08" "01234567" "\0\0");
/* clang-format on */

/* Its last field is the offset in the index.  */
#define NV_DATA_OFFSET(command) ((command)->size - sizeof (uint16_t) - sizeof (uint64_t))

void
bench_command_copy (const struct bench_command *command, uint8_t *bytes)
{
  static uint64_t count;

  memcpy (bytes, command->bytes, command->size);
  count++;
  if (command == &bench_nv_write)
    memcpy (bytes + NV_DATA_OFFSET (command), &count, sizeof (count));
}
