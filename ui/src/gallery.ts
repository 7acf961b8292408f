// Start of the gallery: every component in every state, on data made here.
import { mount } from "svelte";
import Gallery from "./view/gallery/Gallery.svelte";

const target = document.getElementById("gallery");
if (target === null) throw new Error("the page has no place for the gallery");
mount(Gallery, { target });
