/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_LEDGER_H
#define OCI_VTPM_FAULT_LEDGER_H

/*
 * What the client was promised, kept where no crash of its machine reaches:
 * a file with one line for each acknowledged change of something non-volatile,
 * "LABEL NUMBER", written in one write(2) as soon as the answer is there.  The
 * last line of a label counts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define LEDGER_LABEL_MAX 31

struct ledger;

/* Reads what PATH has, and makes it if it is not there.  */
int ledger_open (const char *path, struct ledger **ledger, struct vtpm_error **error);
void ledger_free (struct ledger *ledger);

/* The number last recorded for LABEL; false when there is none.  */
bool ledger_find (const struct ledger *ledger, const char *label, uint64_t *number);

int ledger_record (struct ledger *ledger, const char *label, uint64_t number,
                   struct vtpm_error **error);

static inline void
vtpm_cleanup_ledger (struct ledger **ledger)
{
  ledger_free (*ledger);
}

#define _cleanup_ledger_ VTPM_CLEANUP (vtpm_cleanup_ledger)

#endif
