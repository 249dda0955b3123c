/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_X509_TEXT_H
#define OCI_VTPM_X509_TEXT_H

/* Certificates for people and programs to read.  */

#include <json-c/json.h>
#include <openssl/x509.h>

#include "error.h"

#define VTPM_X509_NAME_SIZE 256
#define VTPM_X509_TIME_SIZE 32
#define VTPM_X509_SERIAL_SIZE 64

/* These return BUFFER.  A name is as in RFC 4514, or "-" where it is empty; a time is in
   UTC, 2036-01-31T23:59:59Z, or "never" for RFC 5280's end of all times; a serial number is
   hexadecimal.  */
char *vtpm_x509_name (const X509_NAME *name, char buffer[VTPM_X509_NAME_SIZE]);
char *vtpm_x509_time (const ASN1_TIME *when, char buffer[VTPM_X509_TIME_SIZE]);
char *vtpm_x509_serial (X509 *certificate, char buffer[VTPM_X509_SERIAL_SIZE]);

/* PEM, for the caller to free; NULL if there is no memory.  */
char *vtpm_x509_pem (X509 *certificate);
char *vtpm_x509_key_pem (X509 *certificate); /* of its public key */

/* "subject", "issuer", "serial", "notBefore", "notAfter", "certificate" and "publicKey"
   (PEM).  The caller puts it.  */
json_object *vtpm_x509_describe (X509 *certificate);

#endif
