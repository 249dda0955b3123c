/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_COMMAND_H
#define OCI_VTPM_CA_COMMAND_H

/*
 * A program of somebody else's that signs.  It gets the request (request_json.h) on its
 * standard input and writes the certificate, PEM, to its standard output; what it writes to
 * standard error goes nowhere, but for the last line, which is the error if it does not
 * end with status 0.  No shell, no environment but PATH, the working directory "/".
 */

#include "certificate.h"

#define VTPM_CA_COMMAND_OUTPUT_MAX 65536

/* ARGUMENTS begins with the program's path, and ends with NULL.  The answer is checked
   (vtpm_certificate_check) at the time when it comes.  The program, and what it has started in its session, ends
   with this call.  ETIMEDOUT: it took longer than TIMEOUT seconds.  */
int vtpm_ca_command_run (const char *const *arguments,
                         const struct vtpm_certificate_request *request, X509 *issuer,
                         unsigned int timeout, uint8_t certificate[VTPM_CERTIFICATE_MAX],
                         size_t *size, struct vtpm_error **error);

#endif
