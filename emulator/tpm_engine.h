/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_TPM_ENGINE_H
#define OCI_VTPM_TPM_ENGINE_H

/*
 * One software TPM: libtpms behind an interface that tells its errors.
 *
 * libtpms keeps its TPM in global variables, so a process has one engine at
 * most; a second is refused.  Not thread-safe.
 *
 * What libtpms wants kept is kept in the engine's memory and ends with it: who
 * wants it to last takes it from there (request_loop.h).  No function here opens
 * a file: the engine also works where no descriptor can be made.
 *
 * libtpms calls abort(3) where memory runs out in the wrong place, and may have
 * bugs that a hostile command reaches.  Both end the process.
 */

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "tpm_version.h"

struct vtpm_engine;

/* The highest locality that a TPM distinguishes.  */
#define VTPM_ENGINE_LOCALITY_MAX 4

/* A TPM's state, in libtpms' own formats.  */
struct vtpm_engine_state
{
  const uint8_t *permanent; /* survives the loss of power; NULL: manufacture one */
  size_t permanent_size;
  const uint8_t *volatile_state; /* NULL: the power was lost, and comes back */
  size_t volatile_size;
  const uint8_t *saved; /* what TPM_SaveState wrote (TPM 1.2); NULL: nothing */
  size_t saved_size;
};

/* Makes a TPM at locality 0.  Without a permanent state it is manufactured,
   enabled and activated (TPM 1.2).  Without a volatile state it is powered on
   and not yet started.  With one it goes on where that was taken, and fresh
   entropy is stirred in before this returns: from the same volatile state
   libtpms' random generator would give the same output again, and a repeated
   nonce gives a private key away.  An error with errno value EBUSY means that
   there is a TPM already.  */
int vtpm_engine_new (enum vtpm_tpm_version version, const struct vtpm_engine_state *state,
                     struct vtpm_engine **engine, struct vtpm_error **error);

/* Makes the TPM what it was when STATE, with a volatile state, was taken; fresh
   entropy as above.  After an error the engine can only be freed.  */
int vtpm_engine_revert (struct vtpm_engine *engine, const struct vtpm_engine_state *state,
                        struct vtpm_error **error);

/* Takes the state.  It belongs to the engine; its volatile state is valid until
   this is called again, the others until the next command.  */
int vtpm_engine_take_state (struct vtpm_engine *engine, struct vtpm_engine_state *state,
                            struct vtpm_error **error);

/* Counts how often libtpms has stored or deleted something: while it stays the
   same, the permanent and the saved state do.  */
uint64_t vtpm_engine_stores (const struct vtpm_engine *engine);

/* Powers the TPM off and wipes its state.  ENGINE may be NULL.  */
void vtpm_engine_free (struct vtpm_engine *engine);

/* TPM2_Startup (CLEAR), or TPM_Startup (ST_CLEAR).  To be done before the first
   request: the kernel's driver logs an error when it has to do it itself.  */
int vtpm_engine_start (struct vtpm_engine *engine, struct vtpm_error **error);

/* TPM2_Shutdown (CLEAR), or for a TPM 1.2, which knows no orderly end but to a
   sleep, TPM_SaveState.  */
int vtpm_engine_shut_down (struct vtpm_engine *engine, struct vtpm_error **error);

/* The locality of the commands that follow, at most VTPM_ENGINE_LOCALITY_MAX.  */
void vtpm_engine_set_locality (struct vtpm_engine *engine, uint8_t locality);

/* Executes COMMAND, any SIZE bytes up to VTPM_TPM_MESSAGE_MAX; a malformed
   command gets the TPM's own error response.  COMMAND is changed: parameters
   are decrypted in place.  *RESPONSE is a well-formed response of at most
   VTPM_TPM_MESSAGE_MAX bytes; it belongs to the engine and is valid until the
   next call.  An error means that libtpms gave none.  */
int vtpm_engine_process (struct vtpm_engine *engine, uint8_t *command, size_t size,
                         const uint8_t **response, size_t *response_size,
                         struct vtpm_error **error);

static inline void
vtpm_cleanup_engine (struct vtpm_engine **engine)
{
  vtpm_engine_free (*engine);
}

#define _cleanup_engine_ VTPM_CLEANUP (vtpm_cleanup_engine)

#endif
