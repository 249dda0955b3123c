/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_CONFIG_H
#define OCI_VTPM_CA_CONFIG_H

/*
 * "ca" in the host's configuration file, an object:
 *
 *   "dir"           the authority's directory (ca.h); "ca" in the state directory
 *   "issuer"        who signs, if not the authority's own issuer:
 *     "certificate"   its certificate, a file of PEM; needed
 *     "key"           its key: a file of PEM, or a PKCS #11 URI (RFC 7512); or
 *     "command"       a program that signs, and its arguments (ca_command.h)
 *   "validityDays"  of certificates: 3650; 0: without an end
 *   "subject"       the subject's common name: a template (binding.h)
 *   "uri"           a URI in the subject's alternative names: likewise
 *   "issuerUrl"     where the issuer's certificate can be had
 *   "ocspUrl", "crlUrl"
 *   "timeoutSeconds"  for one certificate: 10; 1 to 3600
 */

#include <json-c/json.h>

#include "ca.h"
#include "host_config.h"

struct vtpm_ca_config
{
  struct vtpm_ca_place place;
  const char **command; /* ends with NULL; or NULL: none */
  struct vtpm_certificate_policy policy;
  unsigned int timeout; /* seconds */

  json_object *file; /* has the strings */
  char dir[VTPM_CONFIG_PATH_SIZE + sizeof ("/ca")];
};

/* Reads the file at PATH; an absent one, or one without "ca", means the defaults.  Of the
   rest of the file only "stateDir" counts, but all of it is checked.  */
int vtpm_ca_config_load (const char *path, struct vtpm_ca_config *config,
                         struct vtpm_error **error);

void vtpm_ca_config_clear (struct vtpm_ca_config *config);

#define _cleanup_ca_config_ VTPM_CLEANUP (vtpm_ca_config_clear)

#endif
