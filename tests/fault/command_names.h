/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_COMMAND_NAMES_H
#define OCI_VTPM_FAULT_COMMAND_NAMES_H

/* What TPM 2.0 commands are called (Library Specification, part 2, 6.5.2).  */

#include <stddef.h>
#include <stdint.h>

/* The codes that the specification gives out are a range of these.  */
#define COMMAND_CODE_FIRST 0x11f
#define COMMAND_CODE_COUNT 0x80

/* COMMAND_CODE_COUNT or more: not one of the range.  */
static inline size_t
command_index (uint32_t code)
{
  return code - COMMAND_CODE_FIRST;
}

static inline uint32_t
command_code (size_t index)
{
  return (uint32_t) index + COMMAND_CODE_FIRST;
}

/* "NV_Write", without TPM2_.  One that the test's client does not send has no
   better name than "other command".  */
const char *command_name (uint32_t code);

#endif
