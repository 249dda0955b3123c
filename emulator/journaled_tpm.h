/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_JOURNALED_TPM_H
#define OCI_VTPM_JOURNALED_TPM_H

/*
 * A TPM whose every command goes through the journal (journal.h), so that
 * another process can go on with it at any moment.  The calls stand in the
 * order in which a command meets them.
 */

#include "engine_ek.h"
#include "journal.h"
#include "tpm_engine.h"

/* Has the supervisor commit the permanent state that record VERSION brought.
   *DURABLE says whether it could.  An error means that nobody knows.  */
struct vtpm_committer
{
  int (*commit) (void *context, uint64_t version, bool *durable, struct vtpm_error **error);
  void *context;
};

struct vtpm_journaled_tpm_settings
{
  enum vtpm_tpm_version version;
  struct vtpm_journal *journal;           /* outlives the TPM */
  const struct vtpm_committer *committer; /* NULL: nothing is kept on disk */
  unsigned int pcr_banks; /* that a TPM 2.0 has to have (manufacture_spec.h), 0: any */
  unsigned int eks;       /* likewise, with certificates, at least */
  const struct vtpm_ek_listener *ek_listener; /* hears of them when the TPM is powered on; or NULL */
  uint64_t refuse; /* the number of a command not to be executed again, 0: none */
};

struct vtpm_journaled_tpm;

/* The response to one command: the TPM's memory, or OWN.  Valid until the next
   command.  */
struct vtpm_response
{
  const uint8_t *data;
  size_t size; /* 0: nobody waits for one */
  uint8_t own[VTPM_TPM_HEADER_SIZE];
};

/* Answer in the TPM's place (tpm_header.h); need no TPM.  */
void vtpm_response_succeed (enum vtpm_tpm_version version, struct vtpm_response *response);
void vtpm_response_refuse (enum vtpm_tpm_version version, enum vtpm_tpm_refusal refusal,
                           struct vtpm_response *response);

/* Goes on with the TPM in the journal; or powers the one on that was put in
   there, or makes one, and starts it.  One that is new, or was off, is in the
   journal and committed when this returns: that it cannot be is an error.  So are other
   PCR banks than SETTINGS asks for; nothing is committed then.  */
int vtpm_journaled_tpm_open (const struct vtpm_journaled_tpm_settings *settings,
                             struct vtpm_journaled_tpm **tpm, struct vtpm_error **error);

/* Powers it off.  TPM may be NULL.  The journal stays as it is.  */
void vtpm_journaled_tpm_close (struct vtpm_journaled_tpm *tpm);

static inline void
vtpm_cleanup_journaled_tpm (struct vtpm_journaled_tpm **tpm)
{
  vtpm_journaled_tpm_close (*tpm);
}

#define _cleanup_journaled_tpm_ VTPM_CLEANUP (vtpm_cleanup_journaled_tpm)

/* Finishes what the last emulator began.  *PENDING is false when there was
   nothing; otherwise RESPONSE is to be sent, and vtpm_journaled_tpm_sent called
   after it.  */
int vtpm_journaled_tpm_finish_pending (struct vtpm_journaled_tpm *tpm, bool *pending,
                                       struct vtpm_response *response,
                                       struct vtpm_error **error);

/* Where the next command is to be read to: VTPM_JOURNAL_COMMAND_SIZE bytes.  May
   be called again when nothing could be read.  */
uint8_t *vtpm_journaled_tpm_begin_read (struct vtpm_journaled_tpm *tpm);

/* That it has come, with SIZE bytes.  False when nobody watches.  */
bool vtpm_journaled_tpm_take (struct vtpm_journaled_tpm *tpm, size_t size);

/* Executes it.  What it changed is where a death of this process cannot take
   it when this returns: in the journal, and on disk if it is permanent.  One
   whose change cannot be committed is answered with TPM_RC_NV_UNAVAILABLE and
   has not happened.  After an error the process must end: the next one executes
   the command.  */
int vtpm_journaled_tpm_execute (struct vtpm_journaled_tpm *tpm, struct vtpm_response *response,
                                struct vtpm_error **error);

/* That its response has been sent.  */
void vtpm_journaled_tpm_sent (struct vtpm_journaled_tpm *tpm);

/* The TPM's orderly shutdown, committed.  */
int vtpm_journaled_tpm_shut_down (struct vtpm_journaled_tpm *tpm, struct vtpm_error **error);

#endif
