/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_BINDING_H
#define OCI_VTPM_BINDING_H

/*
 * Texts of the administrator's in which {uuid}, {container}, {namespace}, {pod} and
 * {host} stand for whom a TPM was made for.
 */

#include "certificate_request.h"
#include "error.h"

/* Whether TEMPLATE has only these names, in pairs of braces.  EINVAL.  */
int vtpm_binding_check (const char *template, struct vtpm_error **error);

/* The caller frees *TEXT.  ENOENT: TEMPLATE wants what BINDING has not, as the pod of a
   container that is in none; a certificate that names nobody is of no use.  */
int vtpm_binding_expand (const char *template, const struct vtpm_certificate_binding *binding,
                         char **text, struct vtpm_error **error);

#endif
