/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_ACTIVITY_H
#define OCI_VTPM_FAULT_ACTIVITY_H

/*
 * Something that a user of a TPM does again and again, and that can tell
 * whether the TPM did it each time, once.  To add one: a file with a table of
 * these, and a line in activities[] of stress.c.
 *
 * Errors are commands that failed.  What commands that succeeded show to be
 * wrong is a mismatch (client.h).
 */

#include "client.h"

struct activity
{
  const char *name;
  unsigned int weight; /* how often, beside the others */
  const void *kind;    /* for files with more than one activity */

  /* Makes what is needed in the TPM.  *STATE is for the other functions.  */
  int (*begin) (struct client *client, const struct activity *self, void **state,
                struct vtpm_error **error);

  /* One round.  */
  int (*step) (struct client *client, void *state, struct vtpm_error **error);

  /* Compares everything with the TPM.  NULL: each step does.  */
  int (*verify) (struct client *client, void *state, struct vtpm_error **error);

  /* The TPM went away and came back.  What went with it is a mismatch, and is
     made anew.  NULL: whatever could be lost, `verify` sees.  */
  int (*restore) (struct client *client, void *state, struct vtpm_error **error);

  /* Takes out of the TPM's memory what would be in the way of others, unless the
     TPM is gone, and frees STATE in any case.  NULL: there is nothing but STATE,
     which is from malloc(3).  */
  int (*end) (struct client *client, void *state, struct vtpm_error **error);
};

extern const struct activity pcr_activity;
extern const struct activity nv_write_activity;
extern const struct activity nv_counter_activity;
extern const struct activity nv_extend_activity;
extern const struct activity nv_orderly_activity;
extern const struct activity random_activity;
extern const struct activity clock_activity;
extern const struct activity hash_activity;
extern const struct activity session_activity;
extern const struct activity policy_activity;
extern const struct activity key_activity;
extern const struct activity transient_activity;

#endif
