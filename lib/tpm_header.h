/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TPM_HEADER_H
#define OCI_VTPM_TPM_HEADER_H

/*
 * The ten bytes that begin every TPM command and response: tag, size of the
 * whole message, and command or response code, big endian.  TPM 1.2 (Main
 * Specification part 2, section 6) and TPM 2.0 (Library Specification part 1,
 * section 18) agree on the layout and differ in the values.
 *
 * Nothing here does more than compute; any bytes may be given.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tpm_version.h"

#define VTPM_TPM_HEADER_SIZE 10

/* The largest command or response: the buffer of libtpms for both families,
   and that of the kernel's vTPM proxy.  */
#define VTPM_TPM_MESSAGE_MAX 4096

struct vtpm_tpm_header
{
  uint16_t tag;
  uint32_t size; /* of the whole message, this header included */
  uint32_t code;
};

/* Reasons for which we answer in the TPM's place.  */
enum vtpm_tpm_refusal
{
  VTPM_TPM_REFUSE_SIZE,     /* TPM_RC_COMMAND_SIZE, TPM_BAD_PARAM_SIZE */
  VTPM_TPM_REFUSE_LOCALITY, /* TPM_RC_LOCALITY, TPM_BAD_LOCALITY */
  VTPM_TPM_REFUSE_FAILURE,  /* TPM_RC_FAILURE, TPM_FAIL */
  VTPM_TPM_REFUSE_NV,       /* TPM_RC_NV_UNAVAILABLE, TPM_FAIL */
};

/* Reads the header of a message of LENGTH bytes.  False when that is less than
   a header.  The size found in it is not compared with LENGTH.  */
bool vtpm_tpm_header_read (const uint8_t *message, size_t length, struct vtpm_tpm_header *header);

void vtpm_tpm_header_write (const struct vtpm_tpm_header *header,
                            uint8_t message[VTPM_TPM_HEADER_SIZE]);

/* Whether COMMAND is the vTPM proxy's own "set locality", which the kernel
   sends before other commands and expects the server side to answer (Linux,
   drivers/char/tpm/tpm_vtpm_proxy.c).  A program in the container cannot send
   it: the driver refuses.  One with a size that is not that of the command is
   none.  */
bool vtpm_tpm_is_set_locality (const uint8_t *command, size_t length, uint8_t *locality);

/* Whether COMMAND, well-formed or not, leaves a TPM as it was, whatever the answer
   is.  Only commands without an authorisation do: one that fails may count
   against dictionary attacks, and a session has a nonce.  The state of a random
   generator does not count.  */
bool vtpm_tpm_changes_nothing (enum vtpm_tpm_version version, const uint8_t *command,
                               size_t length);

/* How many milliseconds a TPM may take for COMMAND.  Commands that make keys
   have as long as Linux waits for those, the others as for its class "long"
   (drivers/char/tpm/tpm2-cmd.c, tpm1-cmd.c).  */
uint32_t vtpm_tpm_allowance (enum vtpm_tpm_version version, const uint8_t *command,
                             size_t length);

/* The code that a refusal answers with.  */
uint32_t vtpm_tpm_refusal_code (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal);

/* Write a whole response, a bare header, to RESPONSE.  */
void vtpm_tpm_success_response (enum vtpm_tpm_version version,
                                uint8_t response[VTPM_TPM_HEADER_SIZE]);
void vtpm_tpm_refusal_response (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal,
                                uint8_t response[VTPM_TPM_HEADER_SIZE]);

#endif
