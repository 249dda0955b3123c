/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_JOURNAL_RECOVERY_H
#define OCI_VTPM_JOURNAL_RECOVERY_H

/*
 * What a new emulator does first, as a function of how far the last one came
 * (journal.h).  Computes only.
 *
 *   the last one died                         record  the new one
 *   before read(2) brought command N            < N   waits for a command
 *   before it published record N                < N   executes N
 *   before it wrote response N                    N   sends it
 *   before it said that response N was sent       N   sends it again
 *
 * A command that changes nothing has no record: it is executed again, which
 * nobody can tell.  A response that is sent twice gets lost in the driver: on
 * the server side of the vTPM proxy write(2) fails unless somebody waits.
 *
 * Nothing is answered with TPM_RC_RETRY: a TPM 1.2 has no such code, a program
 * that uses /dev/tpm0 need not know it, and the kernel, which does, sleeps 20 ms
 * before it sends the command again.  That a command is executed exactly once
 * follows from the record either way.
 */

#include "journal.h"

enum vtpm_journal_pending
{
  VTPM_PENDING_NOTHING,
  VTPM_PENDING_EXECUTE, /* the command in the journal */
  VTPM_PENDING_SEND,    /* the response in the last record */
};

struct vtpm_journal_recovery
{
  int slot;        /* of the last record, -1 if the TPM was never started */
  uint64_t number; /* of the pending command, or of the last one there was */
  enum vtpm_journal_pending pending;
};

/* An error means that MARKS contradict each other, which no death explains.  */
int vtpm_journal_recover (const struct vtpm_journal_marks *marks,
                          struct vtpm_journal_recovery *recovery, struct vtpm_error **error);

#endif
