/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_PERMANENT_STATE_H
#define OCI_VTPM_PERMANENT_STATE_H

/* What can be told of libtpms' permanent state from outside of libtpms.  */

#include "error.h"
#include "secret_bytes.h"
#include "tpm_version.h"

/* Which TPM it is of, by its beginning.  The rest is not looked at: libtpms checks it
   when the TPM starts.  EILSEQ: of neither.  WHAT names it in messages.  */
int vtpm_permanent_state_version (const struct vtpm_secret_bytes *permanent, const char *what,
                                  enum vtpm_tpm_version *version, struct vtpm_error **error);

#endif
