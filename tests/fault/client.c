/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include "client.h"

#include <stdarg.h>
#include <tss2/tss2_rc.h>

/* In the range that the owner gives out (TCG Registry of Reserved TPM 2.0
   Handles).  */
#define NV_BASE 0x01500000u
#define NV_PER_CLIENT 16

/* How long a device may be away; another emulator's, with a script to bring it
   back.  */
#define RECONNECT_SECONDS 120

static int
open_esys (struct client *client, struct vtpm_error **error)
{
  TSS2_RC rc = Esys_Initialize (&client->esys, transport_tcti (client->transport), NULL);

  return client_esys_check (client, rc, "Esys_Initialize", error);
}

int
client_connect (struct client *client, struct vtpm_error **error)
{
  if (transport_open (client->options->device, client->options->way, &client->transport, error) < 0)
    return -1;
  return open_esys (client, error);
}

/* ESYS is not made to go on after a command that was not answered.  */
int
client_reconnect (struct client *client, struct vtpm_error **error)
{
  Esys_Finalize (&client->esys);
  if (transport_reopen (client->transport, RECONNECT_SECONDS, error) < 0)
    return -1;
  return open_esys (client, error);
}

void
client_disconnect (struct client *client)
{
  if (client->esys != NULL)
    Esys_Finalize (&client->esys);
  transport_free (vtpm_steal_pointer (&client->transport));
}

void
client_mismatch (struct client *client, const char *format, ...)
{
  va_list arguments;

  client->mismatches++;
  va_start (arguments, format);
  fputs ("mismatch: ", stdout);
  vprintf (format, arguments);
  putchar ('\n');
  va_end (arguments);
}

void
client_judge (struct client *client, const char *thing, enum model_verdict verdict)
{
  if (!model_verdict_good (verdict))
    client_mismatch (client, "%s: %s", thing, model_verdict_text (verdict));
}

int
client_record (struct client *client, const char *label, uint64_t number, struct vtpm_error **error)
{
  return client->ledger != NULL ? ledger_record (client->ledger, label, number, error) : 0;
}

int
client_esys_check (const struct client *client, TSS2_RC rc, const char *command,
                   struct vtpm_error **error)
{
  if (rc == TSS2_RC_SUCCESS)
    return 0;
  if (transport_broken (client->transport))
    return vtpm_error_set_plain (error, EIO, "%s", transport_problem (client->transport));
  return vtpm_error_set_plain (error, EPROTO, "%s: %s (0x%x)", command, Tss2_RC_Decode (rc), rc);
}

uint32_t
client_nv_base (const struct client *client)
{
  return NV_BASE + client->options->number * NV_PER_CLIENT;
}
