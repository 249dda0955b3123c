/* SPDX-License-Identifier: BSD-3-Clause */
/* Copyright (c) 2026 The oci-vtpm authors */
#ifndef OCI_VTPM_CA_H
#define OCI_VTPM_CA_H

/*
 * An authority for endorsement keys: a directory that only its user may read, by default
 * /var/lib/oci-vtpm/ca:
 *
 *   root.pem, root.key      the root's certificate and key
 *   issuer.pem, issuer.key  those of who signs endorsement keys' certificates, signed by
 *                           the root, whose key may be taken elsewhere
 *   serial                  a counter (ca_counter.h)
 *   crlnumber               likewise, of revocation lists
 *   index.txt               all that was issued (ca_index.h); made last: without it there
 *                           is no authority
 *   lock                    held during each operation
 *
 * A serial number is a counter, which is durable before it is used, and 64 random bits:
 * even where the counter was put back, as with a backup of the directory, no two
 * certificates have the same.
 */

#include "ca_index.h"
#include "ca_pem.h"
#include "certificate.h"

struct vtpm_ca;

struct vtpm_ca_place
{
  const char *dir;
  const char *certificate; /* of an issuer that somebody else has made, or NULL */
  const char *key;         /* its key: a file, or a PKCS #11 URI (ca_pem.h) */
};

/* Makes an authority in the place's directory, which is there and ours, named NAME in its
   certificates.  EEXIST: there is one.  What an attempt that was cut short has left is
   replaced.  Where the issuer is somebody else's only the records are made.  */
int vtpm_ca_create (const struct vtpm_ca_place *place, enum vtpm_ca_key_type type,
                    const char *name, time_t now, struct vtpm_error **error);

/* ENOENT: there is none.  Errors name the file.  */
int vtpm_ca_open (const struct vtpm_ca_place *place, struct vtpm_ca **ca,
                  struct vtpm_error **error);
void vtpm_ca_close (struct vtpm_ca *ca); /* may be NULL */

X509 *vtpm_ca_issuer (const struct vtpm_ca *ca); /* the authority's */
X509 *vtpm_ca_root (const struct vtpm_ca *ca);   /* NULL: it is the issuer's maker's */

/* All that was issued.  */
int vtpm_ca_read_index (struct vtpm_ca *ca, struct vtpm_ca_index *index,
                        struct vtpm_error **error);

/* Certifies what REQUEST asks for.  It is in the index, durably, when this returns.  After
   an error nothing was issued, though a serial number may be lost.  */
int vtpm_ca_issue (struct vtpm_ca *ca, const struct vtpm_certificate_request *request,
                   const struct vtpm_certificate_policy *policy, time_t now,
                   uint8_t certificate[VTPM_CERTIFICATE_MAX], size_t *size,
                   struct vtpm_error **error);

/* Revokes the certificates with the serial number or the instance's uuid NAME; *COUNT of them
   that were not revoked before.  ENOENT: there is none.  */
int vtpm_ca_revoke (struct vtpm_ca *ca, const char *name, time_t now, size_t *count,
                    struct vtpm_error **error);

/* Makes the issuer's certificate anew, for the same key, valid from NOW on: what it has signed
   stays good.  The root's key has to be there.  */
int vtpm_ca_renew (struct vtpm_ca *ca, time_t now, struct vtpm_error **error);

/* A list, with a number that no other has had, of all that are revoked.  The caller frees
   *LIST.  */
int vtpm_ca_list_revoked (struct vtpm_ca *ca, time_t now, unsigned int days, X509_CRL **list,
                          struct vtpm_error **error);

static inline void
vtpm_cleanup_ca (struct vtpm_ca **ca)
{
  vtpm_ca_close (*ca);
}

#define _cleanup_ca_ VTPM_CLEANUP (vtpm_cleanup_ca)

#endif
