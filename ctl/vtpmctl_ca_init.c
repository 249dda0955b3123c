/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "ca_access.h"
#include "vtpmctl.h"
#include "x509_text.h"

/* X.520 has 64 characters for a common name, of which " EK issuer" needs ten.  */
#define NAME_MAX_LENGTH 54

static int
get_name (const struct vtpmctl_options *options, char name[HOST_NAME_MAX + 1],
          struct vtpm_error **error)
{
  if (options->name == NULL)
    {
      if (gethostname (name, HOST_NAME_MAX) < 0)
        return vtpm_error_set (error, errno, "cannot get the host's name");
      name[HOST_NAME_MAX] = '\0';
    }
  else
    snprintf (name, HOST_NAME_MAX + 1, "%s", options->name);
  if (name[0] == '\0' || strlen (options->name != NULL ? options->name : name) > NAME_MAX_LENGTH)
    return vtpm_error_set_plain (error, EINVAL, "the name of an authority has 1 to %d bytes: --name",
                                 NAME_MAX_LENGTH);
  return 0;
}

int
vtpmctl_ca_init (const struct vtpmctl_host *host, const struct vtpmctl_options *options,
                 struct vtpm_error **error)
{
  _cleanup_ca_access_ struct vtpm_ca_access access = { 0 };
  const struct vtpm_ca_place *place = &access.config.place;
  enum vtpm_ca_key_type type = options->rsa ? VTPM_CA_KEY_RSA_3072 : VTPM_CA_KEY_ECC_P384;
  char name[HOST_NAME_MAX + 1], text[VTPM_X509_NAME_SIZE];

  if (get_name (options, name, error) < 0 || vtpm_ca_access_prepare (host, &access, error) < 0
      || vtpm_ca_create (place, type, name, time (NULL), error) < 0
      || vtpm_ca_open (place, &access.ca, error) < 0)
    return -1;
  printf ("%s: an authority with the issuer %s\n", place->dir,
          vtpm_x509_name (X509_get_subject_name (vtpm_ca_issuer (access.ca)), text));
  if (vtpm_ca_root (access.ca) != NULL)
    printf ("Its root is what verifiers trust: vtpmctl ca show --pem. The root's key, %s/root.key, is "
            "needed for vtpmctl ca renew only: keep it elsewhere.\n",
            place->dir);
  return 0;
}
