// Shows the API's schema; everything comes from this site.
"use strict";
const docs = document.getElementById("docs");
window.SwaggerUIBundle({ url: docs.dataset.schema, domNode: docs, deepLinking: true, validatorUrl: null });
