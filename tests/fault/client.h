/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_CLIENT_H
#define OCI_VTPM_FAULT_CLIENT_H

/*
 * The client that must not notice anything: what its activities (activity.h)
 * share.
 */

#include <tss2/tss2_esys.h>

#include "dice.h"
#include "ledger.h"
#include "model.h"
#include "stress_options.h"
#include "transport.h"

struct client
{
  const struct stress_options *options;
  struct transport *transport;
  ESYS_CONTEXT *esys;
  struct ledger *ledger; /* NULL when nothing is to be recorded */
  struct dice dice;
  uint64_t errors;     /* commands that were not answered, or not with success */
  uint64_t mismatches; /* things that were not as acknowledged */
};

/* Opens the device and ESYS on it; again, with what is left, after the device
   was lost.  */
int client_connect (struct client *client, struct vtpm_error **error);
int client_reconnect (struct client *client, struct vtpm_error **error);
void client_disconnect (struct client *client);

/* Counts a thing that is not what it must be, and says so.  */
void client_mismatch (struct client *client, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

/* Counts a mismatch of THING unless VERDICT is good.  */
void client_judge (struct client *client, const char *thing, enum model_verdict verdict);

/* To the ledger, if there is one.  */
int client_record (struct client *client, const char *label, uint64_t number,
                   struct vtpm_error **error);

/* An error unless RC is success.  */
int client_esys_check (const struct client *client, TSS2_RC rc, const char *command,
                       struct vtpm_error **error);

/* The first NV index that this client may use; there are 16.  */
uint32_t client_nv_base (const struct client *client);

#endif
