/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_LIBCRYPTO_H
#define OCI_VTPM_LIBCRYPTO_H

/* For who links libcrypto; the hook does not.  */

#include "error.h"

/* To be called before anything else of libcrypto, and as often as one likes.  It
   reads openssl.cnf on first use unless told otherwise: neither what a TPM computes
   nor what is on disk may depend on that file, which is out of a sandbox's reach
   besides.  Nobody reads libcrypto's error texts, which would take 56 KB.  */
int vtpm_libcrypto_prepare (struct vtpm_error **error);

#endif
