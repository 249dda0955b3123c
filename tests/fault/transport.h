/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_FAULT_TRANSPORT_H
#define OCI_VTPM_FAULT_TRANSPORT_H

/*
 * A TPM device as the test's client sees it: raw commands and ESYS share one
 * opening of it, because /dev/tpm0 can be opened once only, and everything that
 * passes is counted.
 */

#include <stdbool.h>
#include <tss2/tss2_tcti.h>

#include "bytes.h"
#include "error.h"
#include "progress.h"

struct transport;

enum transport_way
{
  TRANSPORT_TCTI,  /* libtss2-tcti-device, as all programs with the TSS: does not block, polls */
  TRANSPORT_PLAIN, /* write(2), then a read(2) that blocks */
};

/* PATH, which must outlive the transport, is opened as WAY says.  */
int transport_open (const char *path, enum transport_way way, struct transport **transport,
                    struct vtpm_error **error);
void transport_free (struct transport *transport);

/* Opens the device anew, after waiting until there is one that can be opened,
   SECONDS at most.  */
int transport_reopen (struct transport *transport, unsigned int seconds, struct vtpm_error **error);

/* One command, one response, whatever it says.  A response that tells the
   caller to send again (TPM_RC_RETRY and its like) is obeyed, and counted.  */
int transport_execute (struct transport *transport, const struct bytes *command,
                       struct bytes *response, struct vtpm_error **error);

/* The same device for ESYS; owned by the transport, and the same after
   transport_reopen.  */
TSS2_TCTI_CONTEXT *transport_tcti (struct transport *transport);

/* Whether the device itself failed, so that it must be opened anew.  */
bool transport_broken (const struct transport *transport);

/* Why, for callers who only got a code from ESYS.  Never NULL.  */
const char *transport_problem (const struct transport *transport);

struct transport_counts
{
  uint64_t acknowledged; /* answered with success */
  uint64_t retries;      /* answered with "send again" */
  uint64_t refused;      /* answered with another code */
  uint64_t longest_ns;   /* from send to answer */
};

const struct transport_counts *transport_counts (const struct transport *transport);

/* COUNTER, which must outlive the transport, counts the answers as well.  */
void transport_show_progress (struct transport *transport, progress_counter *counter);

/* Calls VISIT for every command that was acknowledged.  NAME is the
   specification's, without TPM2_.  */
void transport_each_command (const struct transport *transport,
                             void (*visit) (const char *name, uint64_t acknowledged, void *data),
                             void *data);

static inline void
vtpm_cleanup_transport (struct transport **transport)
{
  transport_free (*transport);
}

#define _cleanup_transport_ VTPM_CLEANUP (vtpm_cleanup_transport)

#endif
